//! What a decision costs: `cargo run --release -p policy --example decide`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example prints, and stops when it fails"
)]

use std::hint::black_box;
use std::sync::Arc;

use model::{
    Action, Credential, Effect, Principal, PrincipalId, Role, Scopes, SourceName, TenantId,
    Timestamp,
};
use policy::{Decider, Known, PolicySet, Request, SHIPPED, SHIPPED_NAME, Target};

/// A policy that looks at arguments.
const SMALL: &str = r#"
permit (principal, action == Action::"call", resource == Tool::"shop__pay")
when { context.arguments.amount <= 100 };
forbid (principal, action == Action::"call", resource in Source::"shop")
when { context.arguments has path && context.arguments.path like "*..*" };
"#;

fn main() {
    let (alice, files, shop) =
        (alice(), SourceName::new("files").unwrap(), SourceName::new("shop").unwrap());
    let read = |name| request(&alice, &files, name, Effect::Read, None);
    let arguments = format!(r#"{{"amount":42,"path":"/srv/a","note":"{}"}}"#, "x".repeat(400));
    let pay = request(&alice, &shop, "shop__pay", Effect::Spend, Some(arguments.as_bytes()));

    let shipped = Decider::new(Arc::new(load(SHIPPED, 0)));
    time("shipped policy, remembered", 1_000_000, || shipped.decide(&read("files__read_file")));
    time("shipped policy, worked out", 50_000, || {
        shipped.policies().decide(&read("files__read_file"))
    });

    let levels = Decider::new(Arc::new(load(SHIPPED, 100)));
    time("shipped policy and 100 levels, remembered", 1_000_000, || {
        levels.decide(&read("files__read_file"))
    });
    time("shipped policy and 100 levels, worked out", 10_000, || {
        levels.policies().decide(&read("files__read_file"))
    });

    let small = Decider::new(Arc::new(load(&[SHIPPED, SMALL].concat(), 100)));
    time("two policies that look at arguments, remembered", 100_000, || small.decide(&pay));
    time("two policies that look at arguments, worked out", 10_000, || {
        small.policies().decide(&pay)
    });
    time("a tool those policies cannot apply to", 1_000_000, || {
        small.decide(&read("files__read_file"))
    });

    let names: Vec<String> = (0..500).map(|n| format!("files__tool_{n}")).collect();
    time("a list of 500 tools, remembered", 2_000, || {
        names
            .iter()
            .filter(|n| shipped.may(&alice, Action::Call, &read(n).target, Timestamp(0)))
            .count()
    });
    time("compiling the shipped policy and 100 levels", 50, || load(SHIPPED, 100));
    longest_chain(&read("files__read_file"));
}

/// Whether the longest condition the limits let through can be evaluated on the stack a thread usually has.
fn longest_chain(request: &Request<'_>) {
    let chain = vec![r#"principal.role == "agent""#; 480].join(" && ");
    let set = load(&format!("permit (principal, action, resource) when {{ {chain} }};"), 0);
    let verdict = std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(2 << 20);
        small.spawn_scoped(scope, || set.decide(request)).unwrap().join().unwrap()
    });
    println!("{:<52} {verdict:?}", "a chain of 480 conditions on a stack of 2 MiB");
}

/// Prints the best of five rounds, each of `times` runs or a fifth of a second, whichever ends first.
fn time<T>(what: &str, times: u32, mut run: impl FnMut() -> T) {
    let clock = ambient::Clock::system();
    let (batch, mut best) = ((times / 100).max(1), f64::MAX);
    for _ in 0..5 {
        let (began, mut done, mut passed) = (clock.instant(), 0_u32, 0.0);
        while done < times && passed < 0.2 {
            for _ in 0..batch {
                black_box(run());
            }
            done += batch;
            passed = clock.instant().since(began).as_secs_f64();
        }
        best = best.min(passed / f64::from(done));
    }
    println!("{what:<52} {:>10.3} µs", best * 1e6);
}

fn load(text: &str, levels: usize) -> PolicySet {
    let level =
        |n: usize| (format!("files__other_{n}*"), ["allow", "ask", "deny"][n % 3].to_owned());
    let levels: Vec<_> = (0..levels).map(level).collect();
    let known = Known::new(["files", "shop"], Vec::<String>::new());
    PolicySet::load(&[(SHIPPED_NAME.to_owned(), text.to_owned())], &levels, &known, 1).unwrap()
}

fn request<'a>(
    principal: &'a Principal,
    source: &'a SourceName,
    name: &'a str,
    effect: Effect,
    arguments: Option<&'a [u8]>,
) -> Request<'a> {
    let upstream_name = name.split_once("__").map_or(name, |(_, own)| own);
    let target = Target { source, name, upstream_name, effect, effect_accepted: true };
    Request {
        principal,
        action: Action::Call,
        target,
        arguments,
        now: Timestamp(1_785_243_906_007),
    }
}

fn alice() -> Principal {
    Principal {
        id: PrincipalId::new("alice"),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Scopes::new(["tool:files__*".to_owned()]),
        credential: Credential::LocalUser,
    }
}
