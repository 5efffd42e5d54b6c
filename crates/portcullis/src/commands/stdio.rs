use std::path::Path;
use std::process::ExitCode;

use model::{Role, TenantId, Timestamp};

use super::{look, serve};
use crate::config::{self, undeclared};
use crate::house::{
    House, asked_to_end, build, collisions, desk, finish, listens, money, next_epoch, no_strangers,
    start_logs, started, tend, watch_store,
};

/// Serves one client over standard input and output, as the user who started it.
pub fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = config::load(path)?;
    start_logs(loaded.config.log);
    serve::runtime(&loaded.config)?.block_on(async {
        let house = House::open(loaded)?;
        let config = &house.loaded.config;
        no_strangers(&house.store, config, Timestamp(house.clock.now_millis()))?;
        if let Some(why) = undeclared("default", config) {
            anyhow::bail!("over standard input and output everybody belongs to it: {why}");
        }
        let (journal, _) = house.journal()?;
        let own = listens(&house.loaded.config);
        let desk = desk(&house, Some(journal.clone()), None);
        let payer = money::alone(&house, &desk, &journal, own.clone())?;
        let (store, epoch) = (house.store.clone(), next_epoch(0, &house.clock));
        let built = build(&house, journal.clone(), store, epoch, own, payer.clone())?;
        let twice = collisions(&house.store, &house.loaded.config, &built.sources)?;
        anyhow::ensure!(twice.is_empty(), "{}", twice.join("\n"));
        if house.loaded.config.approvals.enabled {
            built.gate.attach_desk(desk.clone());
        }
        let tending = tokio::spawn(tend(desk));
        started(&journal, &house.clock, payer.as_ref()).await?;
        let user = identity::local_principal(&look::user(), TenantId::new("default"), Role::Agent)?;
        let watching = tokio::spawn(watch_store(
            built.gate.clone(),
            house.store.clone(),
            journal.clone(),
            house.clock.clone(),
        ));
        let settings = front::PipeSettings::default();
        let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
        let gate = built.gate.clone();
        let served = front::stdio(gate, user, settings, input, output, asked_to_end()?).await;
        watching.abort();
        tending.abort();
        finish(&built.gate, &built.sources, &journal, &house.clock).await;
        Ok(served?)
    })?;
    Ok(ExitCode::SUCCESS)
}
