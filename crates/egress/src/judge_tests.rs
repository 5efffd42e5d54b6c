use super::*;

/// One row of the shared cases, as the command reads it.
fn row(given: &str) -> Judgement {
    let (mut url, mut rounds, mut policy) = (String::new(), Vec::new(), Policy::default());
    for part in given.split(" | ") {
        let (key, value) = part.split_once('=').unwrap();
        match key {
            "url" => url = value.replace("\\\\", "\\"),
            "dns" => rounds = read_answers(value).unwrap(),
            "hosts" => policy = policy.only_hosts(value.split(',')),
            "allow" => policy = read_allowed(value, policy).unwrap(),
            "source" => {}
            other => panic!("{other}"),
        }
    }
    judge(&url, &rounds, &policy)
}

// b-ssrf-01 to b-ssrf-63
#[test]
fn every_row_about_targets_has_its_verdict() {
    let rows = include_str!("../tests/ssrf.tsv");
    assert_eq!(rows.lines().count(), 63);
    for line in rows.lines() {
        let [id, _, given, expected, ..] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let said = row(given);
        assert_eq!(said.allowed, expected == "allow", "{id} {given}: {said:?}");
        assert!(!said.reason.is_empty() && !said.rule.is_empty(), "{id}");
    }
}

// EGR-01 to EGR-08, EGR-10 to EGR-19
#[test]
fn every_row_about_the_addresses_of_payees_has_its_verdict() {
    for (id, given, allowed) in [
        ("EGR-01", "url=http://[2001:db8::1]/", false),
        ("EGR-02", "url=http://[3fff::1]/", false),
        ("EGR-03", "url=http://[5f00::1]/", false),
        ("EGR-04", "url=http://[2001:2::1]/", false),
        ("EGR-05", "url=http://[2001:10::1]/", false),
        ("EGR-06", "url=http://[2001:20::1]/", false),
        ("EGR-07", "url=http://192.88.99.1/", false),
        ("EGR-08", "url=http://192.0.0.170/", false),
        ("EGR-10", "url=https://mint.example.com/ | dns=AAAA ::ffff:169.254.169.254", false),
        ("EGR-11", "url=http://[::1%25lo]/", false),
        ("EGR-12", "url=http://1.1.1.1/ | hosts=1.1.1.1", true),
        ("EGR-13", "url=http://8.8.8.8/ | hosts=8.8.8.8", true),
        ("EGR-14", "url=http://198.17.255.255/ | hosts=198.17.255.255", true),
        ("EGR-15", "url=http://198.20.0.1/ | hosts=198.20.0.1", true),
        ("EGR-16", "url=http://191.255.255.255/ | hosts=191.255.255.255", true),
        ("EGR-17", "url=http://223.255.255.255/ | hosts=223.255.255.255", true),
        (
            "EGR-18",
            "url=https://mint.example.com/ | dns=A 192.168.7.7 | hosts=mint.example.com",
            false,
        ),
        ("EGR-19", "url=http://[fd00::1]/agent.json", false),
        // The gate's own rows about upstreams.
        ("g-http-58", "url=http://169.254.169.254/", false),
        ("g-http-59", "url=http://127.0.0.1:9000/", false),
        ("g-http-60", "url=http://10.1.2.3/", false),
        ("g-http-61", "url=http://2130706433/", false),
        ("g-http-62", "url=http://0x7f000001/", false),
        ("g-http-63", "url=http://[64:ff9b::7f00:1]/", false),
        ("g-http-64", "url=http://db.localhost/", false),
        ("g-http-66", "url=https://api.shop.example/ | dns=A 93.184.215.14", true),
    ] {
        let said = row(given);
        assert_eq!(said.allowed, allowed, "{id}: {said:?}");
    }
}

#[test]
fn what_is_named_is_allowed_at_its_port_and_nothing_beside_it() {
    for (given, allowed) in [
        ("url=http://127.0.0.1:8080/ | allow=127.0.0.1:8080", true),
        ("url=http://127.0.0.1/ | allow=127.0.0.0/8", true),
        ("url=http://127.0.0.1:81/ | allow=127.0.0.0/8 port 80", false),
        ("url=http://[::1]:9/ | allow=[::1]:9", true),
        ("url=http://[::1]:9/ | allow=::1", true),
        ("url=http://localhost:9/ | allow=localhost:9", true),
        ("url=http://localhost:9/ | allow=127.0.0.1:9", false),
        ("url=http://api.example.com/ | dns=A 10.0.0.5 | allow=10.0.0.0/8", true),
        ("url=http://api.example.com/ | dns=A 10.0.0.5, A 127.0.0.1 | allow=10.0.0.0/8", true),
        ("url=http://api.example.com/ | dns=A 127.0.0.1 | allow=10.0.0.0/8", false),
        ("url=http://[fd12::5efe:127.0.0.1]/ | allow=fc00::/7", false),
        ("url=http://[::ffff:10.0.0.5]/ | allow=10.0.0.0/8", false),
        ("url=http://198.18.0.1/ | allow=none", false),
        ("url=http://[fec0::1]/ | allow=::/0", false),
        ("url=http://240.0.0.1/ | allow=0.0.0.0/0", false),
        ("url=http://0.0.0.0/ | allow=0.0.0.0/0", false),
        ("url=http://168.63.129.16/ | allow=0.0.0.0/0", false),
        ("url=http://100.100.100.200/ | allow=100.64.0.0/10", false),
        ("url=http://api.example.com/ | dns=A 93.184.215.14 | hosts=example.com", false),
        ("url=http://api.example.com/", false),
    ] {
        let said = row(given);
        assert_eq!(said.allowed, allowed, "{given}: {said:?}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_nothing() {
    for bad in ["x", "10.0.0.0/33", "localhost", "10.0.0.1:x", "10.0.0.0/8 port x", "a b:1", "/:1"]
    {
        assert!(read_allowed(bad, Policy::default()).is_err(), "{bad}");
    }
    for bad in ["A", "A x", "first", "CNAME a.example", "A 1.2.3.4.5"] {
        assert!(read_answers(bad).is_err(), "{bad}");
    }
    assert_eq!(read_answers("first A 1.1.1.1, A 1.1.1.2, then AAAA ::1").unwrap().len(), 2);
}

#[test]
fn each_hop_is_judged_with_its_own_rule() {
    let rounds = read_answers("A 93.184.215.14").unwrap();
    let hosts = Policy::default().only_hosts(["api.example.com", "other.example"]);
    let say = |hops: &[&str]| {
        let hops: Vec<_> = hops.iter().map(|hop| (*hop).to_owned()).collect();
        let said = judge_hops("https://api.example.com/a", &hops, &rounds, &hosts);
        (said.allowed, said.rule)
    };
    assert_eq!(say(&["/b", "https://other.example/c"]), (true, "public_address"));
    assert_eq!(say(&["https://evil.example/"]), (false, "redirect_target_refused"));
    assert_eq!(say(&["http://api.example.com/"]), (false, "redirect_insecure"));
    assert_eq!(say(&["/1", "/2", "/3", "/4", "/5"]), (true, "public_address"));
    assert_eq!(say(&["/1", "/2", "/3", "/4", "/5", "/6"]), (false, "redirect_limit"));
}
