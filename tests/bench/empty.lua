-- A request that passes the router and keeps nothing.
wrk.method = "GET"
