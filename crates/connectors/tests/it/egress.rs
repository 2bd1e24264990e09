//! Which addresses a connector may be made for.

use std::sync::Arc;

use leaver_connectors::http::EgressError;
use leaver_connectors::mixpanel::{Config, ConfigError, Mixpanel, Region};
use secrecy::SecretString;
use url::Url;

use crate::support::{Still, config, memory};

fn made(change: impl FnOnce(&mut Config)) -> Result<Mixpanel, ConfigError> {
    let mut config = config("http://127.0.0.1:9/");
    change(&mut config);
    Mixpanel::new(config, Arc::new(Still), memory())
}

fn refused(base: Option<&str>, rehearsal: bool) -> Option<EgressError> {
    let result = made(|config| {
        config.base_url = base.map(|base| Url::parse(base).unwrap());
        config.rehearsal = rehearsal;
        config.scim = None;
    });
    match result {
        Ok(_) => None,
        Err(ConfigError::Egress(error)) => Some(error),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_vendor_is_for_real_and_everything_else_for_rehearsal() {
    for base in
        [None, Some("https://mixpanel.com"), Some("https://eu.mixpanel.com/"), Some("https://in.mixpanel.com:443")]
    {
        assert_eq!(refused(base, false), None, "{base:?}");
        assert!(matches!(refused(base, true), Some(EgressError::RehearsalAtVendor { .. })), "{base:?}");
    }
    for base in [
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
        "https://staging.example.com",
        "https://mixpanel.com.example.net",
        "https://evil-mixpanel.com",
        "https://mixpanel.com:8443",
        "http://mixpanel.com",
    ] {
        assert!(matches!(refused(Some(base), false), Some(EgressError::NotTheVendor { .. })), "{base}");
    }
    for base in
        ["http://127.0.0.1:8080", "http://localhost:8080/x/", "http://[::1]:8080", "https://staging.example.com"]
    {
        assert_eq!(refused(Some(base), true), None, "{base}");
    }
    for base in ["http://staging.example.com", "http://10.0.0.1", "ftp://localhost", "http://localhost.example.com"] {
        assert!(matches!(refused(Some(base), true), Some(EgressError::NotEncrypted { .. })), "{base}");
    }
    for base in [
        "https://user@mixpanel.com",
        "https://u:p@mixpanel.com",
        "https://mixpanel.com/?x=1",
        "https://mixpanel.com/#f",
    ] {
        assert_eq!(refused(Some(base), false), Some(EgressError::NotPlain), "{base}");
    }
}

#[test]
fn the_data_host_belongs_to_the_region_and_is_guarded_too() {
    let hosts =
        [(Region::Us, "data.mixpanel.com"), (Region::Eu, "data-eu.mixpanel.com"), (Region::In, "data-in.mixpanel.com")];
    for (region, host) in hosts {
        let mixpanel = made(|config| {
            config.base_url = None;
            config.region = region;
            config.rehearsal = false;
            config.scim = None;
        });
        let shown = format!("{:?}", mixpanel.unwrap());
        assert!(shown.contains(&format!("https://{host}")), "{shown}");
    }
    let refused = refused(Some("https://data.mixpanel.com"), true);
    assert!(matches!(refused, Some(EgressError::RehearsalAtVendor { .. })), "{refused:?}");
}

#[test]
fn the_scim_address_is_guarded_too() {
    let result = made(|config| {
        config.base_url = None;
        config.rehearsal = false;
        if let Some(scim) = &mut config.scim {
            scim.base_url = Some(Url::parse("http://127.0.0.1:9/scim").unwrap());
        }
    });
    assert!(matches!(result, Err(ConfigError::Scim(EgressError::NotTheVendor { .. }))));
    assert!(
        made(|config| {
            config.base_url = None;
            config.region = Region::Eu;
            config.rehearsal = false;
        })
        .is_ok()
    );
}

#[test]
fn a_credential_that_no_header_can_carry_is_refused() {
    let line_feed = made(|config| config.successor_bearer = Some(SecretString::from("a\r\nx: y")));
    assert!(matches!(line_feed, Err(ConfigError::Credential(_))));
    let colon = made(|config| config.username = "a:b".to_owned());
    assert!(matches!(colon, Err(ConfigError::Credential(_))));
}
