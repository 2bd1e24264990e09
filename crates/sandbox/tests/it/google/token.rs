//! Tokens of a service account, and how far they go.

use super::*;

#[tokio::test]
async fn a_token_is_given_to_whoever_signs_with_the_key_and_for_what_is_delegated() {
    let site = Site::ordinary().await;
    let given = token(&site, json!({})).await.json();
    assert_eq!((given["token_type"].clone(), given["expires_in"].clone()), (json!("Bearer"), json!(3600)));
    // The audience of Google's own clients, whoever gives the token.
    assert_eq!(token(&site, json!({"aud": "https://oauth2.googleapis.com/token"})).await.status, 200);
    for wrong in [
        json!({"iss": "somebody@else.example"}),
        json!({"aud": "https://elsewhere.example/token"}),
        json!({"exp": 0}),
        json!({"exp": 3601}),
        json!({"iat": 301, "exp": 3600}),
        json!({"exp": Value::Null}),
        json!({"sub": "nobody@nowhere.example"}),
    ] {
        let refused = token(&site, wrong.clone()).await;
        assert_eq!(error(&refused), (400, "invalid_grant".to_owned()), "{wrong}: {}", refused.text);
    }
    assert_eq!(error(&token(&site, json!({"scope": ""})).await), (400, "invalid_scope".to_owned()));
    let more = token(&site, json!({"scope": scopes("admin.directory.user admin.directory.domain")})).await;
    assert_eq!(error(&more), (401, "unauthorized_client".to_owned()));
    let other = site.form("/google/token", "grant_type=client_credentials").await;
    assert_eq!(error(&other), (400, "unsupported_grant_type".to_owned()));
}

#[tokio::test]
async fn an_assertion_that_somebody_else_signed_or_changed_is_worth_nothing() {
    let site = Site::ordinary().await;
    let good = claims(&site, json!({})).await;
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let signed = assertion(&site, &header, &good);
    let (content, signature) = signed.rsplit_once('.').expect("three parts");
    let other = claims(&site, json!({"sub": site.people().executor})).await;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for wrong in [
        format!("{}.{}.{signature}", part(&header), part(&other)),
        format!("{content}."),
        format!("{}.{}.", part(&json!({"alg": "none"})), part(&good)),
        assertion(&site, &json!({"alg": "HS256", "typ": "JWT"}), &good),
        "nothing".to_owned(),
    ] {
        assert_eq!(error(&exchange(&site, &wrong).await), (400, "invalid_grant".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn a_token_ends_and_goes_no_further_than_its_scopes_and_its_administrator() {
    let site = Site::ordinary().await;
    let user = format!("/google/admin/directory/v1/users/{}", site.sandbox.description().google.account_id);
    let good = bearer(&site, json!({})).await;
    assert_eq!(site.call_as(&good, "GET", &user, &Value::Null).await.status, 200);
    assert_eq!(reason(&site.call_as("Bearer no", "GET", &user, &Value::Null).await), (401, json!("authError")));
    let forged = good.replacen("ya29.", "ya29.x", 1);
    assert_eq!(site.call_as(&forged, "GET", &user, &Value::Null).await.status, 401);
    let narrow = bearer(&site, json!({"scope": scopes("admin.directory.group.readonly")})).await;
    let refused = site.call_as(&narrow, "GET", &user, &Value::Null).await;
    assert_eq!(reason(&refused), (403, json!("insufficientPermissions")));
    // The service account for itself, and for somebody who is no administrator.
    for changes in [json!({"sub": ""}), json!({"sub": site.people().executor})] {
        let token = bearer(&site, changes).await;
        let refused = site.call_as(&token, "GET", &user, &Value::Null).await;
        assert_eq!(reason(&refused), (403, json!("forbidden")));
    }
    assert_eq!(site.control("POST", "clock", &json!({"advance": 3600})).await.status, 200);
    assert_eq!(site.call_as(&good, "GET", &user, &Value::Null).await.status, 401);
    happens(&site, json!({"does": "delegate", "scopes": ["admin.directory.user"]})).await;
    assert_eq!(error(&token(&site, json!({})).await), (401, "unauthorized_client".to_owned()));
}
