-- Another enquiry from another address each time; wrk calls this for every request.
local number = 0
local prefix = tostring(os.time()) .. tostring(math.random(1000000))
wrk.method = "POST"
request = function()
  number = number + 1
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.headers["Sec-Fetch-Site"] = "same-origin"
  wrk.headers["X-Forwarded-For"] = string.format("10.%d.%d.%d",
    math.floor(number / 62500) % 250, math.floor(number / 250) % 250, number % 250 + 1)
  return wrk.format(nil, nil, nil, "name=Ana&channel=phone&phone=%28650%29+555-0123&voicemail=unnamed&consent=yes"
    .. "&message=We+keep+having+the+same+quarrel.+" .. prefix .. "+" .. number)
end
