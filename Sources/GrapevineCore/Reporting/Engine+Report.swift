// What an engine tells of itself to those who watch over it.
extension Engine {
  /// All of it at this moment, the peers sorted by name.
  ///
  /// - Complexity: O(members × log members + entries of this node that some peer lacks).
  package func report(now: Instant) -> EngineReport {
    let own = table[localSlot]
    let backlog = Backlog(own.state, after: leastConfirmed)
    var peers: [PeerReport] = []
    peers.reserveCapacity(table.count)
    for slot in 0..<table.count where table.key(inSlot: slot) != localKey {
      peers.append(report(on: slot, backlog, now: max(now, clock)))
    }
    return EngineReport(
      id: own.id,
      endpoint: endpoint,
      incarnation: own.standing.incarnation,
      version: own.state.version,
      fingerprint: table.fingerprint,
      healthMultiplier: health.multiplier,
      members: memberCounts,
      state: stateCounts,
      peers: peers.sorted { $0.id < $1.id },
      heldLockCount: locks.claims.count { $0.isHeld },
      metrics: metrics
    )
  }

  private var leastConfirmed: Version {
    var least = Version.max
    for slot in 0..<table.count where table.key(inSlot: slot) != localKey && table.isLive(slot) {
      least = min(least, table[slot].confirmed)
    }
    return least
  }

  private func report(on slot: Int, _ backlog: Backlog, now: Instant) -> PeerReport {
    let record = table[slot]
    let observation = record.isLive ? observationIndex(of: record.key) : nil
    let window = observation.map { observations[$0] }.flatMap { $0.isProbe ? nil : $0.window }
    let silence = record.heardAt == .zero ? nil : now.since(record.heardAt)
    let lag =
      record.announced > record.state.version ? record.announced - record.state.version : 0
    let lacks = record.isLive && record.confirmed < backlog.version
    return PeerReport(
      id: record.id,
      address: record.endpoint,
      isLive: record.isLive,
      isAccused: record.isLive && table.isAccused(slot),
      phi: observation.flatMap { index in
        window?.phi(of: now.since(observations[index].heardAt), interval: interval)
      },
      missedHeartbeats: window?.missedCount,
      silence: silence.map { .nanoseconds(Int64(clamping: $0)) },
      roundTrip: record.roundTrip == 0 ? nil : .microseconds(Int64(record.roundTrip)),
      version: record.state.version,
      versionLag: record.isLive ? lag : 0,
      unconfirmedVersions: lacks ? backlog.version - record.confirmed : 0,
      unconfirmedBytes: lacks ? backlog.size(after: record.confirmed) : 0,
      stateSize: record.state.footprint,
      flaps: Int(record.flapCount)
    )
  }

  private var memberCounts: MemberCounts {
    var counts = MemberCounts()
    for slot in 0..<table.count {
      let record = table[slot]
      switch record.standing.verdict {
      case .down: counts.down += 1
      case .left: counts.left += 1
      case .alive:
        counts.live += 1
        if table.isAccused(slot) { counts.accused += 1 }
        if record.state.has(ReservedKeys.leaving) {
          counts.leaving += 1
        } else if record.state.has(ReservedKeys.participant) {
          counts.participants += 1
        }
      }
    }
    counts.buried = graves.count
    return counts
  }

  private var stateCounts: StateCounts {
    var counts = StateCounts()
    for slot in 0..<table.count {
      let state = table[slot].state
      counts.entries += state.liveCount
      counts.tombstones += state.tombstoneCount
    }
    counts.size = table.footprint
    return counts
  }
}

extension VersionedState {
  /// Says whether there is an entry of that key which is not deleted.
  func has(_ key: String) -> Bool {
    find(key).map { !$0.isDeleted } ?? false
  }
}

/// The sizes of a state's entries from a version on, for those who have not got them.
private struct Backlog {
  let version: Version
  private var versions: [Version] = []
  /// Of each entry, the bytes of it and of all after it.
  private var sizes: [Int] = []

  init(_ state: VersionedState, after least: Version) {
    version = state.version
    guard least < version else { return }
    state.forEach(after: least) { entry in
      versions.append(entry.version)
      sizes.append(entry.size)
      return true
    }
    for index in sizes.indices.dropLast().reversed() { sizes[index] += sizes[index + 1] }
  }

  /// The bytes of keys and values in the entries after `version`.
  func size(after version: Version) -> Int {
    var lower = 0
    var upper = versions.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if versions[middle] > version { upper = middle } else { lower = middle + 1 }
    }
    return lower < sizes.count ? sizes[lower] : 0
  }
}
