extension Engine {
  /// Traps if what is stored does not agree with itself; O(all entries).
  package func checkInvariants() {
    table.checkInvariants()
    precondition(table.contains(localKey), "the node itself is not in its table")
    precondition(table.count <= configuration.memberLimit, "\(table.count) members")
    precondition(graves.count <= configuration.graveLimit, "\(graves.count) graves")
    precondition(seeds.count <= configuration.seedLimit, "\(seeds.count) seeds")
    precondition(
      inboundCount <= configuration.inboundStreamLimit,
      "\(inboundCount) inbound streams"
    )
    precondition(
      outboundCount <= configuration.outboundStreamLimit + 4,
      "\(outboundCount) outbound streams"
    )
    for session in streams {
      precondition(session.queued <= configuration.streamQueueLimit, "\(session.queued) queued")
    }
    for slot in 0..<table.count {
      precondition(graves.find(table.key(inSlot: slot)) == nil, "a member has a grave")
    }
  }
}
