use super::{Flag, Judgement, Outcome, Payment, Sighting, View, judge};

/// Judges what several nodes see: what `need` of them prove, and none contradicts, is so; all else is held.
///
/// A node that does not know the transaction yet, or not deep enough, is behind and contradicts nobody. One that proves
/// something else, or shows the transaction as no proof, contradicts; so does one that shows any sign of payment, where
/// others say that nothing can be paid any more. Nodes of another chain do not count. A `need` of 0 is never met.
pub fn quorum(payment: &Payment, views: &[View], confirmations: u64, need: usize) -> Judgement {
    let of_chain = views.iter().filter(|view| view.chain_id == payment.chain_id);
    let judged: Vec<_> = of_chain.map(|view| (view, judge(payment, view, confirmations))).collect();
    let agreed =
        agreed(&judged, need).filter(|end| !judged.iter().any(|one| contradicts(*end, one)));
    let flags = judged.iter().flat_map(|(_, judgement)| judgement.flags.iter().copied());
    match agreed {
        Some(end) => Judgement::new(end, flags),
        None => held(&judged, need, flags),
    }
}

/// The one end that at least `need` nodes prove, if no node proves another.
fn agreed(judged: &[(&View, Judgement)], need: usize) -> Option<Outcome> {
    let mut ends = judged.iter().map(|(_, judgement)| judgement.outcome).filter(is_end);
    let first = ends.next()?;
    let alike =
        ends.try_fold(1_usize, |count, end| (end == first).then_some(count.saturating_add(1)))?;
    (need > 0 && alike >= need).then_some(first)
}

fn is_end(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Settled { .. } | Outcome::NotPaid { definite: true })
}

/// Whether a node that proves no end itself cannot be reconciled with the end that others prove.
fn contradicts(end: Outcome, (view, judgement): &(&View, Judgement)) -> bool {
    let found = matches!(view.sighting, Sighting::Found(_));
    let sign_of_payment = view.nonce_used == Some(true) || found;
    let nothing_paid = matches!(end, Outcome::NotPaid { .. });
    !is_end(&judgement.outcome) && (!judgement.flags.is_empty() || nothing_paid && sign_of_payment)
}

fn held(
    judged: &[(&View, Judgement)],
    need: usize,
    flags: impl Iterator<Item = Flag>,
) -> Judgement {
    let proven_by_some = judged.iter().any(|(_, judgement)| is_end(&judgement.outcome));
    let expired = |judgement: &Judgement| matches!(judgement.outcome, Outcome::NotPaid { .. });
    let all_expired =
        need > 0 && judged.len() >= need && judged.iter().all(|(_, judgement)| expired(judgement));
    let outcome = if all_expired { Outcome::NotPaid { definite: false } } else { Outcome::Pending };
    Judgement::new(outcome, flags.chain(proven_by_some.then_some(Flag::ReceiptUnverified)))
}
