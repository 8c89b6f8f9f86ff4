/// A mistake that a build with the trait `PlantedFaults` makes on purpose, so that the tests show
/// that they would notice it.
///
/// Without the trait nothing of it is compiled.
package enum PlantedFault: String, CaseIterable, Sendable {
  case skipCompactionCheck = "skip-compaction-check"
  case skipSnapshotCheck = "skip-snapshot-check"
  case forgetBase = "forget-base"
  case forgetSectionEnd = "forget-section-end"
  case offerPartialSnapshots = "offer-partial-snapshots"
  case keepDeletedKey = "keep-deleted-key"
  case acceptOlderIncarnation = "accept-older-incarnation"
  case dropAccusers = "drop-accusers"
  case believeOneAccuser = "believe-one-accuser"
  case accuseUnasked = "accuse-unasked"
  case neverRefute = "never-refute"
  case neverJudge = "never-judge"
  case forgetGraves = "forget-graves"
  case acceptOlderGeneration = "accept-older-generation"
  case neverExpire = "never-expire"
  case neverCloseStream = "never-close-stream"
  case keepRelays = "keep-relays"
  case overfillPackets = "overfill-packets"
  case spreadUnasked = "spread-unasked"
  case sleepLate = "sleep-late"
  case keepOldTimeToLive = "keep-old-time-to-live"

  /// What goes wrong.
  package var reason: String {
    switch self {
    case .skipCompactionCheck: "a section that lacks deletions the replica needs is applied"
    case .skipSnapshotCheck: "a snapshot older than what is held is applied"
    case .forgetBase: "a section is applied on a version that the replica has not reached"
    case .forgetSectionEnd: "the end of a complete section does not move the version"
    case .offerPartialSnapshots: "a replica that is not whole offers snapshots"
    case .keepDeletedKey: "a tombstone deletes nothing at a replica"
    case .acceptOlderIncarnation: "a standing of an earlier incarnation takes the place of a later"
    case .dropAccusers: "the accusers of a merged standing are not united"
    case .believeOneAccuser: "one accuser's word is enough for a verdict"
    case .accuseUnasked: "a member is accused at its first silence, before it was asked"
    case .neverRefute: "a node does not refute what is held against it"
    case .neverJudge: "accusations never become a verdict"
    case .forgetGraves: "who was buried joins again"
    case .acceptOlderGeneration: "an earlier life of a name takes the place of a later one"
    case .neverExpire: "dead members stay for ever"
    case .neverCloseStream: "streams have no deadline"
    case .keepRelays: "pings for others are never forgotten"
    case .overfillPackets: "packets of deltas are filled beyond their limit"
    case .spreadUnasked: "a spread takes a request sent for an answer"
    case .sleepLate: "the next deadline leaves out what is due for members"
    case .keepOldTimeToLive: "a key that is set without a time to live keeps the one it had"
    }
  }

  #if PlantedFaults
    /// The fault that this process has; to be set before anything else runs.
    nonisolated(unsafe) package static var current: PlantedFault?
  #endif

  /// Says that this process has the fault.
  @inline(__always)
  var isPlanted: Bool {
    #if PlantedFaults
      unsafe Self.current == self
    #else
      false
    #endif
  }
}
