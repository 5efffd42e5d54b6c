use super::*;

fn verdict(line: &str) -> Result<(), SpawnError> {
    check(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn code_in_the_command_is_refused() {
    for line in [
        "sh -c x",
        "/bin/sh -c x",
        "bash -lc x",
        "bash -o pipefail -c x",
        "bash --rcfile f -ec x",
        "zsh -ic x",
        "fish --command=x",
        "cmd /c x",
        "cmd.exe /C x",
        "cmd /d /s /c x",
        "C:\\Windows\\System32\\cmd.exe /k x",
        "powershell -Command x",
        "pwsh -NoProfile -EncodedCommand x",
        "python -c x",
        "python3.12 -Ic x",
        "python3 -W ignore -c x",
        "node -e x",
        "node -pe x",
        "node --require ./y --eval=x",
        "bun -e x",
        "perl -e x",
        "perl -lne x",
        "ruby -e x",
        "php -r x",
        "lua -e x",
        "deno eval x",
        "env sh -c x",
        "env -S sh",
        "env A=1 bash -c x",
        "nice -n 5 sh -c x",
        "timeout 5 python3 -c x",
        "busybox sh -c x",
        "npx -c x",
        "npx --call=x",
        "npm exec -c x",
        "uv run python -c x",
        "awk BEGIN{system(1)}",
        "osascript -e x",
        "su -c x",
    ] {
        assert!(matches!(verdict(line), Err(SpawnError::InlineCode { .. })), "{line}");
    }
}

#[test]
fn an_interpreter_that_would_run_what_callers_send_is_refused() {
    for line in [
        "sh",
        "bash -s",
        "bash -i",
        "python3",
        "python3 -u",
        "python -",
        "node",
        "node --",
        "env bash",
        "cmd",
    ] {
        assert!(matches!(verdict(line), Err(SpawnError::CodeFromStdin { .. })), "{line}");
    }
}

#[test]
fn lawful_servers_are_started() {
    for line in [
        "npx -y @modelcontextprotocol/server-filesystem /srv/docs",
        "npx -y server -c config.json",
        "uvx mcp-server-git --repository /srv",
        "uv run server.py",
        "python -m mcp_server_time -c zone",
        "python3 -u server.py -c conf",
        "python3 -W ignore server.py -c conf",
        "node server.js -e prod",
        "node --require ./hook server.js --eval",
        "node --max-old-space-size=100 server.js",
        "bash start.sh -c conf",
        "bash -x start.sh",
        "bash -- start.sh",
        "docker run -i --rm image sh -c x",
        "/opt/bin/server -c conf",
        "env LANG=C /opt/bin/server",
        "deno run --allow-net server.ts",
        "python3 -Werror::c server.py",
        "node -r ./e server.js",
        "awk -F c -f server.awk",
        "pwsh -NoProfile -File server.ps1",
        "cat",
    ] {
        assert!(verdict(line).is_ok(), "{line}: {:?}", verdict(line));
    }
}
