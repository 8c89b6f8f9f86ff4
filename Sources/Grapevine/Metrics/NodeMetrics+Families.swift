import GrapevineCore
import GrapevineSharding

extension NodeMetrics {
  /// All metrics, in an order that stays the same, from which ``prometheusText(labels:)`` and other
  /// ways to publish them are made.
  ///
  /// Those of which there is no sample at this moment are left out. Each metric and what it is for
  /// is in `docs/metrics.md`.
  ///
  /// - Complexity: O(members).
  public var families: [MetricFamily] {
    var list = FamilyList()
    listNode(in: &list)
    listTraffic(in: &list)
    listMessages(in: &list)
    listTrouble(in: &list)
    listSealing(in: &list)
    listDetection(in: &list)
    listState(in: &list)
    listPeers(in: &list)
    return list.families
  }

  private func listNode(in list: inout FamilyList) {
    list.family("grapevine_node_info", .gauge, "Who the node is; always 1.") {
      $0.add(
        1,
        (.node, id.name),
        (.generation, "\(id.generation)"),
        (.address, "\(address)"),
        (.state, state.description)
      )
    }
    list.family("grapevine_members", .gauge, "Members known, itself included, by state.") {
      $0.add(members.live - members.leaving, (.state, "live"))
      $0.add(members.leaving, (.state, "leaving"))
      $0.add(members.down, (.state, "down"))
      $0.add(members.left, (.state, "left"))
      $0.add(members.buried, (.state, "buried"))
    }
    list.gauge("grapevine_participants", "Live members that own keys.", members.participants)
    list.gauge(
      "grapevine_accused_members",
      "Live members that some member finds silent.",
      members.accused
    )
    // A gauge is a double, which holds whole numbers below 2^53.
    list.family(
      "grapevine_fingerprint",
      .gauge,
      "Low 48 bits of the fingerprint of all that is known: equal where two nodes hold the same."
    ) { $0.add(fingerprint & 0xFFFF_FFFF_FFFF) }
    list.family("grapevine_incarnation", .gauge, "Accusations and verdicts answered in this life.")
    {
      $0.add(incarnation)
    }
    list.family("grapevine_state_version", .gauge, "Version of the node's own state.") {
      $0.add(version)
    }
    list.gauge(
      "grapevine_health_multiplier",
      "By how much patience with others is multiplied since the node runs late; 1 is well.",
      healthMultiplier
    )
    list.gauge("grapevine_locks_held", "Ownership locks held.", heldLockCount)
    list.gauge("grapevine_subscribers", "Watchers and event streams.", subscriberCount)
    list.gauge("grapevine_peer_observers", "Observers of the owners of keys.", peerObserverCount)
  }

  private func listTraffic(in list: inout FamilyList) {
    list.family("grapevine_packets_total", .counter, "Datagrams.") {
      $0.add(counters.packetsIn, (.direction, "in"))
      $0.add(counters.packetsOut, (.direction, "out"))
    }
    list.family("grapevine_packet_bytes_total", .counter, "Bytes of UDP payload.") {
      $0.add(counters.packetBytesIn, (.direction, "in"))
      $0.add(counters.packetBytesOut, (.direction, "out"))
    }
    list.family("grapevine_streams_total", .counter, "TCP streams, by who opened them.") {
      $0.add(counters.streamsIn, (.direction, "in"))
      $0.add(counters.streamsOut, (.direction, "out"))
    }
    list.family("grapevine_stream_bytes_total", .counter, "Bytes of TCP payload.") {
      $0.add(counters.streamBytesIn, (.direction, "in"))
      $0.add(counters.streamBytesOut, (.direction, "out"))
    }
    list.gauge(
      "grapevine_stream_queue_peak_bytes",
      "Most bytes that ever waited in one stream for its socket.",
      counters.streamQueuePeak
    )
    list.counter(
      "grapevine_stream_fallbacks_total",
      "Streams opened since packets did not bring a member's state.",
      counters.streamFallbacks
    )
    list.counter(
      "grapevine_streams_failed_total",
      "Streams that ended before their work was done.",
      counters.streamsFailed
    )
    list.counter(
      "grapevine_streams_refused_total",
      "Inbound streams that were refused.",
      counters.streamsRefused
    )
  }

  private func listMessages(in list: inout FamilyList) {
    let kinds: [(kind: String, in: Int, out: Int)] = [
      ("heartbeat", counters.heartbeatsIn, counters.heartbeatsOut),
      ("digest", counters.digestsIn, counters.digestsOut),
      ("delta", counters.deltasIn, counters.deltasOut),
      ("push", counters.pushPacketsIn, counters.pushPacketsOut),
      ("ping", counters.pingsIn, counters.pingsOut),
      ("ping_request", counters.relaysIn, counters.relaysOut),
      ("request", counters.requestsIn, counters.requestsOut),
    ]
    list.family("grapevine_messages_total", .counter, "Messages by kind and direction.") {
      for (kind, received, sent) in kinds {
        $0.add(received, (.kind, kind), (.direction, "in"))
        $0.add(sent, (.kind, kind), (.direction, "out"))
      }
      $0.add(counters.acksIn, (.kind, "ack"), (.direction, "in"))
      $0.add(counters.repliesIn, (.kind, "reply"), (.direction, "in"))
    }
    list.family("grapevine_delta_entries_total", .counter, "Keys of members carried or applied.") {
      $0.add(counters.entriesIn, (.direction, "in"))
      $0.add(counters.entriesOut, (.direction, "out"))
    }
    list.counter("grapevine_pushes_total", "Pushes begun by this node.", counters.pushesOut)
    list.counter(
      "grapevine_pushes_new_total",
      "Pushes received that brought something new.",
      counters.pushesNew
    )
    list.gauge(
      "grapevine_push_hops",
      "Hops of the last push that brought something new.",
      counters.pushHopsLast
    )
    list.counter(
      "grapevine_pulls_total",
      "Times that members were asked for at once.",
      counters.pullsOut
    )
    list.counter("grapevine_snapshots_total", "Snapshots applied.", counters.snapshotsIn)
  }

  private func listTrouble(in list: inout FamilyList) {
    list.family("grapevine_drops_total", .counter, "Received messages dropped, by reason.") {
      for reason in Metrics.DropReason.allCases {
        $0.add(counters.drops[reason], (.reason, reason.label))
      }
    }
    list.family("grapevine_send_failures_total", .counter, "Datagrams not sent, by reason.") {
      for reason in SocketMetrics.SendFailure.allCases {
        $0.add(sockets.failedSends[reason] ?? 0, (.reason, reason.rawValue))
      }
      $0.add(counters.packetsDiscarded, (.reason, "queue_full"))
    }
    list.family("grapevine_receive_failures_total", .counter, "Failed receives, by reason.") {
      $0.add(sockets.truncatedReceives, (.reason, "truncated"))
      $0.add(sockets.failedReceives, (.reason, "error"))
    }
    list.family("grapevine_accept_failures_total", .counter, "Failed accepts, by reason.") {
      $0.add(sockets.failedAccepts, (.reason, "error"))
      $0.add(sockets.exhaustedAccepts, (.reason, "exhausted"))
    }
    list.family("grapevine_tunnels_total", .counter, "Connections that carried packets.") {
      $0.add(sockets.takenTunnels, (.direction, "in"))
      $0.add(sockets.openedTunnels, (.direction, "out"))
    }
    list.counter(
      "grapevine_tunnels_failed_total",
      "Tunnels that could not be opened or were broken off.",
      sockets.failedTunnels
    )
    list.family("grapevine_tunnels_refused_total", .counter, "Tunnels closed, by reason.") {
      for reason in SocketMetrics.TunnelRefusal.allCases {
        $0.add(sockets.refusedTunnels[reason] ?? 0, (.reason, reason.rawValue))
      }
    }
    list.counter(
      "grapevine_limit_refusals_total",
      "Pieces of state refused because a limit was reached.",
      counters.stateRefused
    )
    list.counter(
      "grapevine_graves_hit_total",
      "News of forgotten members that was not believed.",
      counters.gravesHit
    )
    list.counter(
      "grapevine_pauses_total",
      "Times that the node had not run for an interval or more.",
      counters.pauses
    )
  }

  private func listSealing(in list: inout FamilyList) {
    guard let sealing else { return }
    list.family("grapevine_sealed_packets_total", .counter, "Sealed datagrams.") {
      $0.add(sealing.packetsOpened, (.direction, "in"))
      $0.add(sealing.packetsSealed, (.direction, "out"))
    }
    list.family("grapevine_sealed_records_total", .counter, "Sealed pieces of streams.") {
      $0.add(sealing.recordsOpened, (.direction, "in"))
      $0.add(sealing.recordsSealed, (.direction, "out"))
    }
    list.family("grapevine_plain_packets_total", .counter, "Datagrams that were not sealed.") {
      $0.add(sealing.packetsTakenPlain, (.direction, "in"))
      $0.add(sealing.packetsSentPlain, (.direction, "out"))
    }
    list.family(
      "grapevine_seal_refusals_total",
      .counter,
      "Datagrams refused and streams broken off for want of a right seal, by reason."
    ) {
      for fault in SealFault.allCases {
        let reason = fault.rawValue.snakeCased
        $0.add(sealing.refusedPackets[fault], (.on, "packet"), (.reason, reason))
        $0.add(sealing.refusedStreams[fault], (.on, "stream"), (.reason, reason))
      }
    }
    list.counter(
      "grapevine_seal_failures_total",
      "Datagrams not sent since they could not be sealed.",
      sealing.packetsNotSealed
    )
    list.gauge("grapevine_seal_sessions", "Sessions of others remembered.", sealing.sessions)
  }

  private func listDetection(in list: inout FamilyList) {
    list.counter(
      "grapevine_suspicions_total",
      "Silent members that this node looked into.",
      counters.suspicions
    )
    list.family(
      "grapevine_suspicions_cleared_total",
      .counter,
      "Silent members that answered by a roundabout way alone."
    ) {
      $0.add(counters.relayAnswers, (.by, "relay"))
      $0.add(counters.streamAnswers, (.by, "stream"))
    }
    list.counter(
      "grapevine_accusations_total",
      "Members that this node accused, since they did not answer at all.",
      counters.accusationsOut
    )
    list.counter(
      "grapevine_verdicts_total",
      "Members that this node itself concluded to be down.",
      counters.verdictsOut
    )
    list.counter(
      "grapevine_lone_verdicts_total",
      "Verdicts for which one accuser's word was enough.",
      counters.loneVerdicts
    )
    list.counter(
      "grapevine_refutations_total",
      "Wrong accusations and verdicts on this node that it answered.",
      counters.refutations
    )
    list.counter(
      "grapevine_challenges_total",
      "Verdicts from elsewhere that were put to the member first.",
      counters.challengesOut
    )
    list.counter(
      "grapevine_challenges_refuted_total",
      "Those that the member answered.",
      counters.challengesRefuted
    )
    list.counter("grapevine_flaps_total", "Members that came up again.", counters.flaps)
    list.counter("grapevine_locks_granted_total", "Locks obtained.", counters.locksGranted)
    list.counter(
      "grapevine_locks_contested_total",
      "Locks given up since another member held them, too.",
      counters.locksContested
    )
  }

  private func listState(in list: inout FamilyList) {
    list.family("grapevine_entries", .gauge, "Keys held of all members, by kind.") {
      $0.add(entries.entries, (.kind, "live"))
      $0.add(entries.tombstones, (.kind, "tombstone"))
    }
    list.gauge("grapevine_state_bytes", "Memory kept for all entries.", entries.size)
    list.counter(
      "grapevine_compactions_total",
      "Times that the node dropped its own aged tombstones.",
      counters.compactions
    )
  }

  private func listPeers(in list: inout FamilyList) {
    let live = peers.filter(\.isLive)
    /// A sample for each live peer of which `value` is known.
    func family(_ name: String, _ help: String, _ value: (PeerReport) -> Double?) {
      list.family(name, .gauge, help) { samples in
        for peer in live {
          guard let value = value(peer) else { continue }
          samples.add(value, (.peer, peer.id.name))
        }
      }
    }
    family("grapevine_peer_phi", "Suspicion of the peers that this node observes.") { $0.phi }
    family(
      "grapevine_peer_missed_heartbeats",
      "Heartbeats missed among the last ones of the peers that this node observes."
    ) { $0.missedHeartbeats.map(Double.init) }
    family("grapevine_peer_silence_seconds", "Time since a packet of the peer itself came.") {
      $0.silence?.inSeconds
    }
    family("grapevine_peer_round_trip_seconds", "Time that the peer's last answer took.") {
      $0.roundTrip?.inSeconds
    }
    family("grapevine_peer_accused", "1 for a peer that some member finds silent.") {
      $0.isAccused ? 1 : 0
    }
    family("grapevine_peer_version", "Version held of the peer's state.") { Double($0.version) }
    family(
      "grapevine_peer_lag_versions",
      "Versions of the peer's state that others have told of and this node lacks."
    ) { Double($0.versionLag) }
    family(
      "grapevine_peer_unconfirmed_versions",
      "Versions of this node's state that the peer lacked when it last spoke of it."
    ) { Double($0.unconfirmedVersions) }
    family(
      "grapevine_peer_unconfirmed_bytes",
      "Bytes of keys and values in those versions."
    ) { Double($0.unconfirmedBytes) }
    family("grapevine_peer_state_bytes", "Memory kept for the peer's entries.") {
      Double($0.stateSize)
    }
    family("grapevine_peer_flaps", "How often the peer came up again.") { Double($0.flaps) }
  }
}

extension Metrics.DropReason {
  /// The reason as the value of a label.
  var label: String { "\(self)".snakeCased }
}

extension String {
  /// A name in words that are joined by underscores, made of one in which capitals begin them.
  fileprivate var snakeCased: String {
    var words = ""
    var last: Character?
    for character in self {
      if character.isUppercase, last?.isLowercase == true { words += "_" }
      words += character.lowercased()
      last = character
    }
    return words
  }
}

extension Duration {
  /// The length in seconds.
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
