//! A bare MQTT client: does as it is told, also what no agent would do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::mqttbytes::v5::{Packet, Publish, PublishProperties};
use rumqttc::{AsyncClient, Event, MqttOptions, PublishOptions, QoS, TlsConfiguration, Transport};
use sync_identity::{Identity, tls};
use tokio::sync::mpsc;

use crate::support::{Office, tls_of};

/// A session.
pub struct Bare {
    pub client: AsyncClient,
    pub incoming: mpsc::UnboundedReceiver<Packet>,
}

/// As the agent that `identity` is of.
pub fn options(office: &Office, identity: &Identity) -> MqttOptions {
    let device = identity.certified().subject.device.to_hex();
    options_as(&device, office.running.mqtt_addr, tls_of(identity))
}

/// With any client id and certificate.
pub fn options_as(client_id: &str, addr: SocketAddr, tls: tls::ClientConfig) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, (addr.ip().to_string(), addr.port()));
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls))));
    options.set_clean_start(true);
    options.set_keep_alive(10);
    options
}

/// Connects, or says why not.
pub async fn connect(options: MqttOptions) -> Result<Bare, String> {
    let (client, mut events) = AsyncClient::builder(options).capacity(16).build();
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => break,
            Ok(_) => {}
            Err(why) => return Err(why.to_string()),
        }
    }
    let (sender, incoming) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(packet) = event
                && sender.send(packet).is_err()
            {
                return;
            }
        }
    });
    Ok(Bare { client, incoming })
}

impl Bare {
    pub async fn publish(&self, topic: &str, payload: &[u8], answer_to: Option<&str>) -> Result<(), String> {
        let properties = PublishProperties {
            response_topic: answer_to.map(str::to_owned),
            correlation_data: Some(vec![1, 2, 3].into()),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().properties(properties);
        let notice = self.client.publish_tracked(topic.to_owned(), payload.to_vec(), options).await;
        notice.map_err(|why| why.to_string())?.wait_completion_async().await.map_err(|why| why.to_string())
    }

    pub async fn subscribe(&self, filter: &str) -> Result<(), String> {
        let notice = self.client.subscribe_tracked(filter.to_owned(), QoS::AtLeastOnce).await;
        notice.map_err(|why| why.to_string())?.wait_completion_async().await.map_err(|why| why.to_string())
    }

    pub async fn next_message(&mut self) -> Publish {
        let next = async {
            loop {
                if let Packet::Publish(publish) = self.incoming.recv().await.expect("the session holds") {
                    return publish;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), next).await.expect("a message within ten seconds")
    }
}
