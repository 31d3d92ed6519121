//! Asks name servers. Every question ends within seconds, and silence is an answer of its own.
//!
//! Never: a judgement of what they said.

use super::records::{Answer, Exchange};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};
use std::{net::SocketAddr, time::Duration};

/// How long one try of one question may take; each is tried twice.
const PATIENCE: Duration = Duration::from_secs(2);

/// A way to name servers.
pub struct Names {
    resolver: Result<TokioResolver, NetError>,
    /// Whom we ask, for people.
    whom: String,
}

impl Names {
    /// Asks this server, or those of the system.
    pub fn new(server: Option<SocketAddr>) -> Self {
        let whom = server.map_or_else(|| "of /etc/resolv.conf".to_owned(), |server| server.to_string());
        Self { resolver: build(server), whom }
    }

    /// TXT records; the parts of each are joined, as SPF, DKIM and DMARC want it (RFC 7208 3.3).
    pub async fn txt(&self, name: &str) -> Answer<String> {
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
            _ => None,
        };
        self.ask(name, RecordType::TXT, text).await
    }

    /// Mail exchangers.
    pub async fn mx(&self, name: &str) -> Answer<Exchange> {
        let exchange = |data: &RData| match data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii().trim_end_matches('.').to_owned())),
            _ => None,
        };
        self.ask(name, RecordType::MX, exchange).await
    }

    /// Whether the name has an address of either kind.
    pub async fn addresses(&self, name: &str) -> Answer<()> {
        let any = |data: &RData| matches!(data, RData::A(_) | RData::AAAA(_)).then_some(());
        match self.ask(name, RecordType::A, any).await {
            Answer::Nothing => self.ask(name, RecordType::AAAA, any).await,
            answer => answer,
        }
    }

    async fn ask<T>(&self, name: &str, kind: RecordType, read: impl Fn(&RData) -> Option<T>) -> Answer<T> {
        let resolver = match &self.resolver {
            Ok(resolver) => resolver,
            Err(error) => return Answer::Silent(format!("The name servers {} cannot be asked ({error}).", self.whom)),
        };
        let Ok(mut name) = Name::from_ascii(name) else { return Answer::NoSuchName };
        // Whole as it stands: never with a search domain of this machine behind it.
        name.set_fqdn(true);
        match resolver.lookup(name, kind).await {
            Ok(lookup) => {
                let found: Vec<T> = lookup.answers().iter().filter_map(|record| read(&record.data)).collect();
                if found.is_empty() { Answer::Nothing } else { Answer::Found(found) }
            }
            Err(error) => self.none(&error),
        }
    }

    fn none<T>(&self, error: &NetError) -> Answer<T> {
        match error {
            NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => {
                Answer::NoSuchName
            }
            NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError => {
                Answer::Nothing
            }
            NetError::Timeout => Answer::Silent(format!("The name server {} does not answer.", self.whom)),
            NetError::Dns(DnsError::NoRecordsFound(none)) => self.failed(none.response_code),
            NetError::Dns(DnsError::ResponseCode(code)) => self.failed(*code),
            other => Answer::Silent(format!("The name server {} cannot be asked ({other}).", self.whom)),
        }
    }

    fn failed<T>(&self, code: ResponseCode) -> Answer<T> {
        Answer::Silent(format!("The name server {} could not find out ({code}).", self.whom))
    }
}

fn build(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let mut ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for way in &mut ways {
                way.port = server.port();
            }
            let server = NameServerConfig::new(server.ip(), true, ways.to_vec());
            let config = ResolverConfig::from_name_servers(vec![server]);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = PATIENCE;
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}
