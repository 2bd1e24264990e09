//! Wrong use: a clear message, exit code 2, nothing sent and nothing opened.

use crate::told;
use crate::world::{World, binary, ran};

/// The arguments of a plan for the leaver with this configuration.
fn plan<'a>(world: &'a World, config: &'a str) -> Vec<&'a str> {
    vec!["plan", world.leaver(), "--org", "sandbox", "--config", config]
}

#[test]
fn no_command_and_an_unknown_command_are_wrong_use() {
    assert_eq!(ran(binary().arg("frobnicate")).code, 2);
    assert_eq!(ran(&mut binary()).code, 2);
    let helped = ran(binary().arg("--help"));
    assert_eq!(helped.code, 0);
    assert!(helped.stdout.contains("Exit codes: 0 done"), "{}", helped.stdout);
}

#[test]
fn no_configuration() {
    let world = World::new();
    let told = world.refused(&plan(&world, "nowhere.toml"));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L001]: the configuration nowhere.toml cannot be read
      because: No such file or directory (os error 2)
      hint: 'leaver init' writes one; --config names another place
    "#);
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let world = World::new();
    std::fs::create_dir(world.path("folder.toml")).unwrap();
    let told = world.refused(&plan(&world, "folder.toml"));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L001]: the configuration folder.toml cannot be read
      because: Is a directory (os error 21)
    "#);
}

#[test]
fn an_unknown_key_of_the_configuration_is_named_with_its_place() {
    let world = World::new();
    let config = world.config_with("approver = \"approver\"", "aprover = \"approver\"");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L003]: the configuration other.toml is wrong at line 29, column 1: unknown field `aprover`, expected one of `id`, `region`, `base_url`, `own_domains`, `claimed_domains`, `requester`, `approver`, `executor`, `successor`, `service_account`, `scim`, `okta`, `entra`, `google`, `directory`, `provider`, `canary`, `successor_login`, `secrets`, `policy`, `concurrency`
    "#);
}

#[test]
fn two_identity_providers() {
    let world = World::new();
    let config = world.config_with(
        "[organizations.sandbox.okta]",
        "[organizations.sandbox.provider]\nkind = \"google\"\n\n[organizations.sandbox.okta]",
    );
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L028]: organization 'sandbox' has two identity providers, okta and provider
      hint: keep the section of the one that gives people the Mixpanel application; where one passes people on to the other, the one that Mixpanel itself is set up with
    "#);
}

#[test]
fn an_identity_provider_without_a_way_in_or_with_two() {
    let world = World::new();
    let token = "token = { file = \"secrets/sandbox-okta\" }";
    let told = world.refused(&plan(&world, world.config_with(token, "")));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L029]: organization 'sandbox' reads its okta with neither a token nor a client
      hint: give okta.token, a token that is good as it is, or okta.client, which is given tokens
    "#);
    let both = format!("{token}\nclient = {{ id = \"0oa\", private_key = {{ file = \"key\" }} }}");
    let told = world.refused(&plan(&world, world.config_with(token, &both)));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L029]: organization 'sandbox' reads its okta with both a token and a client
      hint: give okta.token, a token that is good as it is, or okta.client, which is given tokens
    "#);
}

#[test]
fn a_role_without_a_person() {
    let world = World::new();
    let config = world.config_with("approver = \"approver\"", "approver = \"nobody\"");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L004]: the approver of organization 'sandbox' is 'nobody', and the configuration has no such person
      hint: add a section [people.nobody] with an address
    "#);
}

#[test]
fn a_person_without_an_address() {
    let world = World::new();
    let config =
        world.config_with("[people.requester]\naddress = \"", "[people.requester]\naddress = \"not an address ");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L005]: the address of person 'requester' is wrong: 'not an address ravi.menon@brightwater.example' is not an e-mail address
    "#);
}

#[test]
fn another_clock_needs_every_address_on_this_machine() {
    let world = World::new();
    let here = format!("base_url = \"{}\"\nown_domains", world.base_url());
    let config = world.config_with(&here, "base_url = \"https://twin.example\"\nown_domains");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L006]: another clock is allowed only when every address is on this machine
      hint: take [clock] out, or keep this configuration for rehearsals alone
    "#);
}

#[test]
fn a_secret_that_is_not_there() {
    let world = World::new();
    let config = world.config_with("secret = { file = \"secrets/sandbox\" }", "secret = { file = \"secrets/none\" }");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L007]: the secret of organization 'sandbox' cannot be read from ./secrets/none
      because: No such file or directory (os error 2)
    "#);
    let config =
        world.config_with("secret = { file = \"secrets/sandbox\" }", "secret = { env = \"LEAVER_TEST_NO_SECRET\" }");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L007]: the secret of organization 'sandbox' is not in the variable LEAVER_TEST_NO_SECRET
      because: environment variable not found
    "#);
    world.write("secrets/empty", "\n");
    let config = world.config_with("secret = { file = \"secrets/sandbox\" }", "secret = { file = \"secrets/empty\" }");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L007]: the secret of organization 'sandbox' is empty
    "#);
    world.write("open", "a secret that others can read");
    let config = world.config_with("secret = { file = \"secrets/sandbox\" }", "secret = { file = \"open\" }");
    let ran = world.refused(&plan(&world, config));
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.stderr.contains("can be read by others") && ran.stderr.contains("chmod 600"), "{}", ran.stderr);
}

#[test]
fn secrets_that_could_not_be_handed_over() {
    let world = World::new();
    let with = |secrets: &str| {
        let config = world.config_with("claimed_domains = ", &format!("secrets = {secrets}\nclaimed_domains = "));
        world.refused(&plan(&world, config))
    };
    let told = with("{ age = { recipient = \"AGE-SECRET-KEY-1PUTINTHEWRONGPLACE\" } }");
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L024]: the secrets of organization 'sandbox' go to something that is not an age recipient
      hint: give the public key, age1..., that age-keygen printed; never the secret key
    "#);
    let told = with("{ page = \"0.0.0.0:8080\" }");
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L024]: the secrets of organization 'sandbox' would be shown on 0.0.0.0:8080, which is not this machine alone
      hint: give an address of this machine, such as secrets = { page = "127.0.0.1:[port]" }
    "#);
    let told = with("{ command = [] }");
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L024]: the secrets of organization 'sandbox' go to an empty command
      hint: name a program, such as secrets = { command = ["vault-put"] }
    "#);
}

#[test]
fn the_clock_does_not_answer() {
    let world = World::new();
    // Port 9 on loopback: nothing listens there.
    let here = format!("[clock]\nsource = \"{}\"", world.base_url());
    let config = world.config_with(&here, "[clock]\nsource = \"http://127.0.0.1:9\"");
    let ran = world.refused(&plan(&world, config));
    assert_eq!(ran.code, 4, "{}", ran.told());
    assert!(ran.stderr.starts_with("error[L008]: the clock at http://127.0.0.1:9/ does not answer"), "{}", ran.stderr);
}

#[test]
fn nobody_is_said_to_act() {
    let world = World::new();
    let config = world.config_with("me = \"requester\"\n", "");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L009]: nobody is said to act
      hint: give --as PERSON, or set 'me' in leaver.toml
    "#);
}

#[test]
fn an_address_that_may_not_be_called() {
    let world = World::new();
    let clock = format!("[clock]\nsource = \"{}\"\n", world.base_url());
    let text = world.config().replace(&clock, "").replace(world.base_url(), "http://twin.example");
    world.write("other.toml", &text);
    let told = world.refused(&plan(&world, "other.toml"));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L010]: organization 'sandbox' cannot be reached as configured
      because: refuse the address of the organization
      because: 'http' is not encrypted: use https, or http on this machine in a rehearsal
    "#);
}

#[test]
fn a_database_that_cannot_be_opened() {
    let world = World::new();
    let config = world.config_with("me = \"requester\"\n", "me = \"requester\"\ndatabase = \"nowhere/leaver.db\"\n");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L301]: the database cannot be opened
      because: the folder of the database ./nowhere/leaver.db does not exist
      hint: check 'database' in leaver.toml, its folder's permissions and the free space
    "#);
}

#[test]
fn a_database_that_is_none() {
    let world = World::new();
    let bytes = "this is a letter, not a database\n".repeat(200);
    world.write("letter.db", &bytes);
    let config = world.config_with("me = \"requester\"\n", "me = \"requester\"\ndatabase = \"letter.db\"\n");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L301]: the database cannot be opened
      because: ./letter.db is not a database
      hint: check 'database' in leaver.toml, its folder's permissions and the free space
    "#);
    let kept = std::fs::read_to_string(world.path("letter.db")).unwrap();
    assert_eq!(kept, bytes, "a file of somebody else's was changed");
}

#[test]
fn an_unknown_organization() {
    let world = World::new();
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbx"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L002]: the configuration has no organization 'sandbx'
      hint: it has sandbox
    "#);
}

#[test]
fn words_that_are_no_reason_method_or_urgency() {
    let world = World::new();
    let remove = ["remove", world.leaver(), "--org", "sandbox", "--ticket", "OPS-7", "--yes"];
    let told = world.refused(&[&remove[..], &["--reason", "boredom"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L014]: 'boredom' is no reason
      hint: one of project-completion, contract-termination, scope-change, team-transition, access-review, security-incident, policy-violation, regulatory, staff-turnover, role-change, merger
    "#);
    let unsaid = world.refused(&remove);
    assert_eq!(unsaid.code, 2, "{}", unsaid.told());
    assert!(unsaid.stderr.contains("--reason <REASON>"), "a removal says why: {}", unsaid.stderr);
    let remove = [&remove[..], &["--reason", "project-completion"]].concat();
    let told = world.refused(&[&remove[..], &["--method", "erase"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L014]: 'erase' is no method
      hint: one of delete, revoke, reduce
    "#);
    let told = world.refused(&[&remove[..], &["--urgency", "now"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L014]: 'now' is no urgency
      hint: one of emergency, immediate, standard, planned
    "#);
    let told = world.refused(&[&remove[..], &["--method", "reduce"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L015]: the method reduce needs what is to go
      hint: name each part with --project ID, --team NAME or --role ROLE, and use it with --method reduce alone
    "#);
    let told = world.refused(&[&remove[..], &["--method", "delete", "--team", "Agency"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L015]: a project, team or role is named for the method reduce, and the method is delete
      hint: name each part with --project ID, --team NAME or --role ROLE, and use it with --method reduce alone
    "#);
    let told = world.refused(&[&remove[..], &["--method", "reduce", "--role", "owner"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L014]: 'owner' is no role to lower to
      hint: one of member, billing-admin, admin
    "#);
    let told = world.refused(&[&remove[..], &["--urgency", "planned"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L016]: a planned removal needs its time
      hint: give --at TIME, such as [time]
    "#);
}

#[test]
fn an_address_that_is_none() {
    let world = World::new();
    let told = world.refused(&["plan", "jlindqvist", "--org", "sandbox"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L005]: 'jlindqvist' is not an e-mail address
    "#);
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbox", "--successor", "amina"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L005]: 'amina' is not an e-mail address
    "#);
}

#[test]
fn an_organization_without_a_successor() {
    let world = World::new();
    let config = world.config_with("successor = \"successor\"\n", "");
    let told = world.refused(&plan(&world, config));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L017]: organization 'sandbox' names no successor
      hint: set 'successor' in leaver.toml, or give --successor
    "#);
}

#[test]
fn the_requester_may_not_execute() {
    let world = World::new();
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbox", "--executor", "requester"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L203]: the requester may not execute as well
      hint: name another executor, or set the policy 'two_person', which every report prints
    "#);
}

#[test]
fn choices_that_cannot_be_read_or_mean_nothing() {
    let world = World::new();
    let plan = ["plan", world.leaver(), "--org", "sandbox", "--choices"];
    let told = world.refused(&[&plan[..], &["none.toml"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L011]: the choices none.toml cannot be read
      because: No such file or directory (os error 2)
    "#);
    world.write("choices.toml", "this is not toml\n");
    let ran = world.refused(&[&plan[..], &["choices.toml"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.stderr.starts_with("error[L018]: the choices choices.toml are wrong"), "{}", ran.stderr);
    world.write("choices.toml", "\"copied:project=1:board=2\" = \"burn\"\n");
    let told = world.refused(&[&plan[..], &["choices.toml"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L012]: 'burn' is no choice for copied:project=1:board=2 in choices.toml
    "#);
    world.write("choices.toml", "\"copied:project=1:board=2\" = \"leave\"\n");
    let told = world.refused(&[&plan[..], &["choices.toml"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L018]: the choices choices.toml name 'copied:project=1:board=2', and the plan offers no choice for it
      hint: 'leaver plan --json' lists every choice under "choices"
    "#);
}

#[test]
fn remove_asks_and_takes_silence_for_no() {
    let world = World::new();
    let remove = ["remove", world.leaver(), "--org", "sandbox", "--reason", "project-completion", "--ticket", "OPS-7"];
    let ran = world.refused(&remove);
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.stdout.starts_with("plan (nothing is opened)\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("case_"), "no case was opened: {}", ran.stdout);
    assert!(ran.stderr.contains("error[L019]: the leaver's address was not confirmed; nothing was opened"));
    let ran = world.refused(&[&remove[..], &["--json"]].concat());
    assert_eq!(ran.document(2)["error"]["code"], "L019");
}

#[test]
fn init_overwrites_nothing_and_reads_only_descriptions() {
    let world = World::new();
    let before = world.config();
    let told = world.refused(&["init"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L023]: ./leaver.toml cannot be written
      because: File exists (os error 17)
      hint: nothing is overwritten: take the old one away first, or give another --dir
    "#);
    assert_eq!(world.config(), before);
    world.write("wrong.json", "{\"mixpanel\": 7}\n");
    let told = world.refused(&["init", "--dir", "new", "--from-sandbox", "wrong.json"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L022]: wrong.json does not start with a sandbox's description
      because: invalid type: integer `7`, expected struct DescribedMixpanel at line 1 column 14
      hint: leaver sandbox --json > sandbox.json
    "#);
    let told = world.refused(&["init", "--dir", "new", "--from-sandbox", "none.json"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L011]: none.json cannot be read
      because: No such file or directory (os error 2)
    "#);
    assert!(!world.path("new").exists());
}

#[test]
fn init_writes_a_configuration_that_is_understood() {
    let world = World::new();
    let ran = world.run(&["init", "--dir", "own", "--json"]);
    assert_eq!(ran.document(0)["config"], "own/leaver.toml");
    // It is complete but for its secret, so that nothing is sent anywhere.
    let told = world.refused(&["plan", world.leaver(), "--org", "main", "--config", "own/leaver.toml"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L007]: the secret of organization 'main' cannot be read from own/secrets/service-account
      because: No such file or directory (os error 2)
    "#);
}

#[test]
fn the_sandbox_listens_on_this_machine_only() {
    let world = World::new();
    let told = world.refused(&["sandbox", "--listen", "0.0.0.0:0"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L021]: the sandbox cannot listen on 0.0.0.0:0
      because: the sandbox listens on loopback only, not on 0.0.0.0
      hint: only this machine's own addresses are allowed, such as 127.0.0.1:[port]
    "#);
    let ran = world.refused(&["sandbox", "--variant", "upside-down"]);
    assert_eq!(ran.code, 2, "{}", ran.told());
    let said = ran.stderr.strip_prefix("error[L020]: unknown variant \"upside-down\"; known are ");
    assert!(said.is_some_and(|known| known.contains("only-owner, ")), "{}", ran.stderr);
}

#[test]
fn a_file_to_attach_that_cannot_be_read() {
    let world = World::new();
    let remove =
        ["remove", world.leaver(), "--org", "sandbox", "--reason", "project-completion", "--ticket", "OPS-7", "--yes"];
    let told = world.refused(&[&remove[..], &["--attach", "none.eml"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L011]: the file none.eml cannot be read
      because: No such file or directory (os error 2)
    "#);
}

#[test]
fn with_json_an_error_is_a_document_too() {
    let world = World::new();
    let ran = world.refused(&["plan", world.leaver(), "--org", "other", "--json"]);
    let document = ran.document(2);
    assert_eq!(document["error"]["code"], "L002");
    assert_eq!(document["error"]["what"], "the configuration has no organization 'other'");
    assert!(ran.stderr.starts_with("error[L002]: "), "{}", ran.stderr);
}
