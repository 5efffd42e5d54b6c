use super::support::*;

fn refused(configuration: &str) -> String {
    let ran = Place::new(configuration).run(&["serve"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    ran.err
}

// g-audit-20, g-audit-21
#[test]
fn every_interface_without_authentication_or_tls_does_not_start() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let open = refused(&format!("[server]\nlisten = \"{listen}\"\nauth = \"none\"\n"));
        assert!(
            open.contains("portcullis.toml:3:1") && open.contains("lets others call"),
            "{open}"
        );
        let clear = refused(&format!("[server]\nlisten = \"{listen}\"\n"));
        assert!(
            clear.contains("portcullis.toml:2:1") && clear.contains("sends keys in the clear"),
            "{clear}"
        );
    }
}

// g-audit-16
#[test]
fn a_read_only_log_directory_does_not_start() {
    let place = Place::new(ANYWHERE);
    std::fs::create_dir(place.path(".portcullis")).unwrap();
    mode(&place.path(".portcullis"), 0o700);
    std::fs::create_dir(place.path(".portcullis/audit")).unwrap();
    mode(&place.path(".portcullis/audit"), 0o500);
    let ran = place.run(&["serve"]);
    mode(&place.path(".portcullis/audit"), 0o700);
    assert!(ran.code == 1 && ran.err.contains("read-only"), "{}", ran.err);
}

// g-audit-19
#[test]
fn a_key_file_that_others_may_read_does_not_start_and_doctor_says_so() {
    let place = Place::new(ANYWHERE);
    key(&place, "alice");
    for (file, word) in [("installation.key", "0644"), ("audit/key", "0644")] {
        let path = place.path(&format!(".portcullis/{file}"));
        mode(&path, 0o644);
        let ran = place.run(&["serve"]);
        assert!(ran.code == 1 && ran.err.contains(word), "{file}: {}", ran.err);
        let doctor = place.run(&["doctor", "--offline"]);
        assert!(doctor.code == 1 && doctor.out.contains(word), "{file}: {}", doctor.out);
        mode(&path, 0o600);
    }
}

#[test]
fn a_second_gate_on_the_same_state_does_not_start() {
    let place = Place::new(ANYWHERE);
    let gate = place.serve();
    let ran = place.run(&["serve"]);
    assert!(ran.code == 1 && ran.err.contains("in use by another process"), "{}", ran.err);
    assert_eq!(gate.end(), 0);
}

#[test]
fn a_missing_configuration_says_how_to_make_one() {
    let place = Place::new("");
    let ran = place.run(&["serve", "--config", "nothing.toml"]);
    assert!(ran.code == 1 && ran.err.contains("portcullis import"), "{}", ran.err);
}

#[test]
fn two_pinned_tools_of_one_name_do_not_start_and_both_are_named() {
    let two = |prefix: &str| {
        format!(
            "{ANYWHERE}{}{}",
            notes(prefix),
            notes(prefix)
                .replace("\"notes\"\n", "\"other\"\n")
                .replace("\"notes\"] }", "\"notes\", \"--poisoned-if\", \"/nothing\"] }")
        )
    };
    let place = Place::new(&two(""));
    let met = place.run(&["pins", "meet"]);
    assert_eq!(met.code, 0, "{}", met.err);
    place.write("portcullis.toml", &two("prefix = false"));
    let ran = place.run(&["serve"]);
    let both = "`notes/add_note` and `other/add_note` would both be called `add_note`";
    assert!(ran.code == 1 && ran.err.contains(both), "{}", ran.err);
}

/// A command of an operator may have the log for a moment, where no gate was running when it began.
#[test]
fn a_log_that_another_program_has_for_a_moment_is_waited_for() {
    let place = Place::new(&format!("{ANYWHERE}{}", notes("")));
    assert_eq!(place.serve().end(), 0);
    let lock = std::fs::File::open(place.path(".portcullis/audit/lock")).unwrap();
    lock.lock().unwrap();
    let command = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        drop(lock);
    });
    assert_eq!(place.serve().end(), 0);
    command.join().unwrap();
}
