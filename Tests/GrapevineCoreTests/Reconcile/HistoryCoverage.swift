import GrapevineCore

/// How often what a history is about came about.
struct HistoryCoverage {
  var compactions = 0
  var adoptions = 0
  var partials = 0
  var applied = 0
  var gaps = 0
  var refusals = 0
  var snapshots = 0
  var snapshotRefusals = 0
  var retentions = 0
  var retentionsLacking = 0
  var roundsToSettle = 0

  mutating func count(_ acceptance: Acceptance, isSnapshot: Bool) {
    switch acceptance {
    case .accepted: if isSnapshot { snapshots += 1 } else { applied += 1 }
    case .refused: if isSnapshot { snapshotRefusals += 1 } else { refusals += 1 }
    case .gap: gaps += 1
    case .overLimit: break
    }
  }

  static func + (first: HistoryCoverage, second: HistoryCoverage) -> HistoryCoverage {
    HistoryCoverage(
      compactions: first.compactions + second.compactions,
      adoptions: first.adoptions + second.adoptions,
      partials: first.partials + second.partials,
      applied: first.applied + second.applied,
      gaps: first.gaps + second.gaps,
      refusals: first.refusals + second.refusals,
      snapshots: first.snapshots + second.snapshots,
      snapshotRefusals: first.snapshotRefusals + second.snapshotRefusals,
      retentions: first.retentions + second.retentions,
      retentionsLacking: first.retentionsLacking + second.retentionsLacking,
      roundsToSettle: max(first.roundsToSettle, second.roundsToSettle)
    )
  }
}
