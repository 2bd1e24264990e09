//! How Graph writes its things down.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::vendor::stamp;
use crate::world::{Circle, Given, Membership, Provisioning, SignIn, Tenant, User};

/// What of a thing was asked for: the fields of `$select`, else these.
pub(super) fn selected(whole: &Value, select: Option<&str>, usual: &[&str]) -> Value {
    let wanted: Vec<&str> = match select {
        Some(select) => select.split(',').map(str::trim).collect(),
        None => usual.to_vec(),
    };
    let mut shown = Map::new();
    for (name, value) in whole.as_object().into_iter().flatten() {
        if name.starts_with('@') || wanted.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            shown.insert(name.clone(), value.clone());
        }
    }
    Value::Object(shown)
}

pub(super) const USER: &[&str] = &["id", "displayName", "givenName", "surname", "mail", "userPrincipalName"];
pub(super) const GROUP: &[&str] = &[
    "id",
    "displayName",
    "groupTypes",
    "mailEnabled",
    "securityEnabled",
    "onPremisesSyncEnabled",
    "isAssignableToRole",
    "membershipRule",
    "membershipRuleProcessingState",
    "createdDateTime",
];
pub(super) const APP: &[&str] = &["id", "appId", "displayName", "accountEnabled", "appRoleAssignmentRequired"];

pub(super) fn user(user: &User) -> Value {
    json!({
        "id": user.id,
        "displayName": format!("{} {}", user.first, user.last),
        "givenName": user.first,
        "surname": user.last,
        "mail": user.mail,
        "otherMails": if user.guest { vec![user.mail.clone()] } else { Vec::new() },
        "proxyAddresses": aliases(user),
        "userPrincipalName": user.upn,
        "accountEnabled": user.enabled,
        "userType": if user.guest { "Guest" } else { "Member" },
        "department": user.department,
        "signInSessionsValidFromDateTime": stamp(user.sessions_from),
        "createdDateTime": stamp(user.created),
    })
}

/// The addresses at which mail arrives, the first one in capitals.
pub(super) fn aliases(user: &User) -> Vec<String> {
    let own = format!("SMTP:{}", user.mail);
    std::iter::once(own).chain(user.aliases.iter().map(|alias| format!("smtp:{alias}"))).collect()
}

pub(super) fn group(group: &Circle) -> Value {
    let (types, state) = match &group.membership {
        Membership::Dynamic { on, .. } => (vec!["DynamicMembership"], Some(if *on { "On" } else { "Paused" })),
        Membership::Assigned | Membership::Synced => (Vec::new(), None),
    };
    json!({
        "id": group.id,
        "displayName": group.name,
        "groupTypes": types,
        "mailEnabled": false,
        "securityEnabled": true,
        "onPremisesSyncEnabled": (group.membership == Membership::Synced).then_some(true),
        "isAssignableToRole": false,
        "membershipRule": group.rule(),
        "membershipRuleProcessingState": state,
        "assignedLicenses": [],
        "createdDateTime": stamp(group.created),
    })
}

pub(super) fn app(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.mixpanel,
        "appId": tenant.app_id,
        "displayName": "Mixpanel",
        "accountEnabled": true,
        "appRoleAssignmentRequired": tenant.required,
        "servicePrincipalType": "Application",
    })
}

pub(super) fn given(tenant: &Tenant, one: &Given) -> Value {
    let (kind, name) = match (tenant.users.get(&one.principal), tenant.groups.get(&one.principal)) {
        (Some(user), _) => ("User", format!("{} {}", user.first, user.last)),
        (None, Some(group)) => ("Group", group.name.clone()),
        (None, None) => ("ServicePrincipal", String::new()),
    };
    let resource = tenant.others.get(&one.resource).map_or("Mixpanel", String::as_str);
    json!({
        "id": one.id,
        "deletedDateTime": null,
        "appRoleId": "00000000-0000-0000-0000-000000000000",
        "createdDateTime": stamp(one.created),
        "principalDisplayName": name,
        "principalId": one.principal,
        "principalType": kind,
        "resourceDisplayName": resource,
        "resourceId": one.resource,
    })
}

pub(super) fn job(tenant: &Tenant) -> Value {
    let job = &tenant.job;
    let run = |at: Timestamp, state: &str| {
        json!({
            "activityIdentifier": format!("{:08}", job.cycle),
            "countEntitled": 0, "countEntitledForProvisioning": 0, "countEscrowed": 0, "countEscrowedRaw": 0,
            "countExported": 0, "countExports": 0, "countImported": 0, "countImportedDeltas": 0,
            "countImportedReferenceDeltas": 0, "error": null, "state": state,
            "timeBegan": stamp(at), "timeEnded": stamp(at),
        })
    };
    let quarantine = (job.code == "Quarantine").then(|| {
        json!({
            "currentBegan": stamp(job.last_run), "nextAttempt": stamp(tenant.next_run()), "reason": "EncounteredBaseEscrowThreshold",
            "seriesBegan": stamp(job.last_run), "seriesCount": 2, "error": null,
        })
    });
    json!({
        "id": job.id,
        "templateId": "mixpanel",
        "schedule": {"expiration": null, "interval": "PT40M", "state": if job.code == "Paused" { "Disabled" } else { "Active" }},
        "status": {
            "code": job.code,
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": false,
            "lastExecution": run(job.last_run, if job.refused { "EntryLevelErrors" } else { "Succeeded" }),
            "lastSuccessfulExecution": job.last_success.map(|at| run(at, "Succeeded")),
            "lastSuccessfulExecutionWithExports": null,
            "progress": [],
            "quarantine": quarantine,
            "steadyStateFirstAchievedTime": stamp(tenant.job.last_success.unwrap_or(Timestamp::UNIX_EPOCH)),
            "steadyStateLastAchievedTime": stamp(tenant.job.last_success.unwrap_or(Timestamp::UNIX_EPOCH)),
            "synchronizedEntryCountByType": [],
            "troubleshootingUrl": null,
        },
        "synchronizationJobSettings": [{"name": "QuarantineTooManyDeletesThreshold", "value": "500"}],
    })
}

/// The id of the rule that maps users.
pub(super) fn rule_id(tenant: &Tenant) -> String {
    format!("03f7d90d-{}", tenant.job.id.get(9..).unwrap_or("bf71-41b1-bda6-aaf0ddbee5d8"))
}

/// How the job maps the directory's accounts to the vendor's.
pub(super) fn schema(tenant: &Tenant) -> Value {
    let direct = |source: &str, target: &str| {
        json!({
            "source": {"expression": format!("[{source}]"), "name": source, "parameters": [], "type": "Attribute"},
            "targetAttributeName": target, "flowType": "Always", "flowBehavior": "FlowWhenChanged",
        })
    };
    json!({
        "id": tenant.job.id,
        "directories": [{"name": "Azure Active Directory", "objects": []}, {"name": "customappsso", "objects": []}],
        "synchronizationRules": [{
            "id": rule_id(tenant),
            "name": "USER_OUTBOUND_USER",
            "sourceDirectoryName": "Azure Active Directory",
            "targetDirectoryName": "customappsso",
            "objectMappings": [{
                "enabled": true, "flowTypes": "Add, Update, Delete", "name": "Provision Microsoft Entra ID Users",
                "sourceObjectName": "User", "targetObjectName": "urn:ietf:params:scim:schemas:core:2.0:User", "scope": null,
                "attributeMappings": [direct("mail", "userName"), direct("displayName", "displayName")],
            }],
        }],
    })
}

/// What a look at one account brings: two texts that are JSON themselves.
pub(super) fn looked(tenant: &Tenant, user: &str, result: &str) -> Value {
    let entitled = tenant.has(user);
    let code = match result {
        "Success" => Value::Null,
        "Skipped" => json!("RedundantExport"),
        _ => json!("AzureActiveDirectoryCannotProvision"),
    };
    let key = json!({"result": result, "details": {"errorCode": code, "errorMessage": null}});
    let value = json!({
        "action": "Other",
        "provisioningSteps": [{
            "name": "EntrySynchronizationScoping", "type": "Scoping", "status": "Success",
            "details": {"Active": "True", "Assigned": if entitled { "True" } else { "False" }, "IsEffectivelyEntitledForProvisioning": if entitled { "True" } else { "False" }},
        }],
        "sourceIdentity": {"id": user, "identityType": "User"},
    });
    json!({
        "@odata.context": format!("{}/v1.0/$metadata#microsoft.graph.stringKeyStringValuePair", tenant.base),
        "key": key.to_string(),
        "value": value.to_string(),
    })
}

/// The settings of the job; credentials are shown to nobody.
pub(super) fn settings(tenant: &Tenant) -> Vec<Value> {
    let word = |yes: bool| if yes { "True" } else { "False" };
    vec![
        json!({"key": "BaseAddress", "value": null}),
        json!({"key": "SecretToken", "value": null}),
        json!({"key": "SyncAll", "value": word(tenant.job.everyone)}),
        json!({"key": "SkipOutOfScopeDeletions", "value": word(tenant.job.keeps)}),
    ]
}

pub(super) fn sign_in(tenant: &Tenant, number: usize, one: &SignIn) -> Value {
    let user = tenant.users.get(&one.user);
    let reason = match one.code {
        0 => Value::Null,
        50_057 => json!("User account is disabled."),
        _ => json!("The signed in user is not assigned to a role for the signed in application."),
    };
    json!({
        "id": format!("66ea54eb-6301-4ee5-be62-{number:012x}"),
        "createdDateTime": stamp(one.at),
        "userDisplayName": user.map(|user| format!("{} {}", user.first, user.last)),
        "userPrincipalName": user.map(|user| user.upn.clone()),
        "userId": one.user,
        "appId": tenant.app_id,
        "appDisplayName": "Mixpanel",
        "ipAddress": "203.0.113.7",
        "clientAppUsed": "Browser",
        "conditionalAccessStatus": "notApplied",
        "isInteractive": true,
        "status": {"errorCode": one.code, "failureReason": reason, "additionalDetails": null},
    })
}

pub(super) fn provisioning(tenant: &Tenant, number: usize, one: &Provisioning) -> Value {
    let name = tenant.users.get(&one.user).map(|user| user.upn.clone()).unwrap_or_default();
    let was = match one.action {
        "update" => json!("False"),
        "disable" => json!("True"),
        _ => Value::Null,
    };
    let active = if one.action == "disable" { "False" } else { "True" };
    json!({
        "id": format!("75b5b0ae-9fc5-4d0e-a0a9-{number:012x}"),
        "activityDateTime": stamp(one.at),
        "tenantId": tenant.id,
        "jobId": tenant.job.id,
        "provisioningAction": one.action,
        "durationInMilliseconds": 312,
        "provisioningStatusInfo": {"status": if one.done { "success" } else { "failure" }, "errorInformation": null},
        "provisioningSteps": [],
        "modifiedProperties": [{"displayName": "active", "oldValue": was, "newValue": active}],
        "servicePrincipal": {"id": tenant.mixpanel, "displayName": "Mixpanel"},
        "sourceSystem": {"displayName": "Azure Active Directory"},
        "targetSystem": {"displayName": "Mixpanel"},
        "sourceIdentity": {"id": one.user, "displayName": name, "identityType": "User", "details": {"id": one.user}},
        "targetIdentity": {"id": tenant.managed.get(&one.user).map(ToString::to_string), "identityType": "User"},
    })
}
