import GrapevineCore
import GrapevineSharding

extension NodeMetrics {
  /// The metrics in the text format that Prometheus reads (exposition format, version 0.0.4, with
  /// the content type `text/plain; version=0.0.4; charset=utf-8`).
  ///
  /// Each metric and what it is for is in `docs/metrics.md`.
  ///
  /// - Parameter labels: Labels that all samples get, such as `["cluster": "eu"]`. Names are
  ///   letters, digits and underscores, and begin with no digit: what is not becomes an underscore.
  ///   Values can be anything.
  /// - Returns: The text, with a sample or more on each metric.
  /// - Complexity: O(members).
  public func prometheusText(labels: KeyValuePairs<String, String> = [:]) -> String {
    var text = PrometheusText(labels: labels.map { ($0.key, $0.value) })
    writeNode(to: &text)
    writeTraffic(to: &text)
    writeMessages(to: &text)
    writeTrouble(to: &text)
    writeDetection(to: &text)
    writeState(to: &text)
    writePeers(to: &text)
    return text.text
  }

  private func writeNode(to text: inout PrometheusText) {
    text.family("grapevine_node_info", .gauge, "Who the node is; always 1.") {
      $0.add(
        1,
        ("node", id.name),
        ("generation", "\(id.generation)"),
        ("address", "\(address)"),
        ("state", state.description)
      )
    }
    text.family("grapevine_members", .gauge, "Members known, itself included, by state.") {
      $0.add(members.live - members.leaving, ("state", "live"))
      $0.add(members.leaving, ("state", "leaving"))
      $0.add(members.down, ("state", "down"))
      $0.add(members.left, ("state", "left"))
      $0.add(members.buried, ("state", "buried"))
    }
    text.gauge("grapevine_participants", "Live members that own keys.", members.participants)
    text.gauge(
      "grapevine_accused_members",
      "Live members that some member finds silent.",
      members.accused
    )
    // A gauge is a double, which holds whole numbers below 2^53.
    text.family(
      "grapevine_fingerprint",
      .gauge,
      "Low 48 bits of the fingerprint of all that is known: equal where two nodes hold the same."
    ) { $0.add(fingerprint & 0xFFFF_FFFF_FFFF) }
    text.family("grapevine_incarnation", .gauge, "Accusations and verdicts answered in this life.")
    {
      $0.add(incarnation)
    }
    text.family("grapevine_state_version", .gauge, "Version of the node's own state.") {
      $0.add(version)
    }
    text.gauge(
      "grapevine_health_multiplier",
      "By how much patience with others is multiplied since the node runs late; 1 is well.",
      healthMultiplier
    )
    text.gauge("grapevine_locks_held", "Ownership locks held.", heldLockCount)
    text.gauge("grapevine_subscribers", "Watchers and event streams.", subscriberCount)
    text.gauge("grapevine_peer_observers", "Observers of the owners of keys.", peerObserverCount)
  }

  private func writeTraffic(to text: inout PrometheusText) {
    text.family("grapevine_packets_total", .counter, "Datagrams.") {
      $0.add(counters.packetsIn, ("direction", "in"))
      $0.add(counters.packetsOut, ("direction", "out"))
    }
    text.family("grapevine_packet_bytes_total", .counter, "Bytes of UDP payload.") {
      $0.add(counters.packetBytesIn, ("direction", "in"))
      $0.add(counters.packetBytesOut, ("direction", "out"))
    }
    text.family("grapevine_streams_total", .counter, "TCP streams, by who opened them.") {
      $0.add(counters.streamsIn, ("direction", "in"))
      $0.add(counters.streamsOut, ("direction", "out"))
    }
    text.family("grapevine_stream_bytes_total", .counter, "Bytes of TCP payload.") {
      $0.add(counters.streamBytesIn, ("direction", "in"))
      $0.add(counters.streamBytesOut, ("direction", "out"))
    }
    text.gauge(
      "grapevine_stream_queue_peak_bytes",
      "Most bytes that ever waited in one stream for its socket.",
      counters.streamQueuePeak
    )
    text.counter(
      "grapevine_stream_fallbacks_total",
      "Streams opened since packets did not bring a member's state.",
      counters.streamFallbacks
    )
    text.counter(
      "grapevine_streams_failed_total",
      "Streams that ended before their work was done.",
      counters.streamsFailed
    )
    text.counter(
      "grapevine_streams_refused_total",
      "Inbound streams told to come back later.",
      counters.streamsRefused
    )
  }

  private func writeMessages(to text: inout PrometheusText) {
    let kinds: [(kind: String, in: Int, out: Int)] = [
      ("heartbeat", counters.heartbeatsIn, counters.heartbeatsOut),
      ("digest", counters.digestsIn, counters.digestsOut),
      ("delta", counters.deltasIn, counters.deltasOut),
      ("push", counters.pushPacketsIn, counters.pushPacketsOut),
      ("ping", counters.pingsIn, counters.pingsOut),
      ("ping_request", counters.relaysIn, counters.relaysOut),
      ("request", counters.requestsIn, counters.requestsOut),
    ]
    text.family("grapevine_messages_total", .counter, "Messages by kind and direction.") {
      for (kind, received, sent) in kinds {
        $0.add(received, ("kind", kind), ("direction", "in"))
        $0.add(sent, ("kind", kind), ("direction", "out"))
      }
      $0.add(counters.acksIn, ("kind", "ack"), ("direction", "in"))
      $0.add(counters.repliesIn, ("kind", "reply"), ("direction", "in"))
    }
    text.family("grapevine_entries_total", .counter, "Keys of members carried or applied.") {
      $0.add(counters.entriesIn, ("direction", "in"))
      $0.add(counters.entriesOut, ("direction", "out"))
    }
    text.counter("grapevine_pushes_total", "Pushes begun by this node.", counters.pushesOut)
    text.counter(
      "grapevine_pushes_new_total",
      "Pushes received that brought something new.",
      counters.pushesNew
    )
    text.gauge(
      "grapevine_push_hops",
      "Hops of the last push that brought something new.",
      counters.pushHopsLast
    )
    text.counter(
      "grapevine_pulls_total",
      "Times that members were asked for at once.",
      counters.pullsOut
    )
    text.counter("grapevine_snapshots_total", "Snapshots applied.", counters.snapshotsIn)
  }

  private func writeTrouble(to text: inout PrometheusText) {
    text.family("grapevine_drops_total", .counter, "Received messages dropped, by reason.") {
      for reason in Metrics.DropReason.allCases {
        $0.add(counters.drops[reason], ("reason", reason.label))
      }
    }
    text.family("grapevine_send_failures_total", .counter, "Datagrams not sent, by reason.") {
      for reason in SocketMetrics.SendFailure.allCases {
        $0.add(sockets.failedSends[reason] ?? 0, ("reason", reason.rawValue))
      }
      $0.add(counters.packetsDiscarded, ("reason", "queue_full"))
    }
    text.family("grapevine_receive_failures_total", .counter, "Failed receives, by reason.") {
      $0.add(sockets.truncatedReceives, ("reason", "truncated"))
      $0.add(sockets.failedReceives, ("reason", "error"))
    }
    text.family("grapevine_accept_failures_total", .counter, "Failed accepts, by reason.") {
      $0.add(sockets.failedAccepts, ("reason", "error"))
      $0.add(sockets.exhaustedAccepts, ("reason", "exhausted"))
    }
    text.counter(
      "grapevine_limit_refusals_total",
      "Pieces of state refused because a limit was reached.",
      counters.stateRefused
    )
    text.counter(
      "grapevine_graves_hit_total",
      "News of forgotten members that was not believed.",
      counters.gravesHit
    )
    text.counter(
      "grapevine_pauses_total",
      "Times that the node had not run for an interval or more.",
      counters.pauses
    )
  }

  private func writeDetection(to text: inout PrometheusText) {
    text.counter(
      "grapevine_suspicions_total",
      "Silent members that this node looked into.",
      counters.suspicions
    )
    text.family(
      "grapevine_suspicions_cleared_total",
      .counter,
      "Silent members that answered by a roundabout way alone."
    ) {
      $0.add(counters.relayAnswers, ("by", "relay"))
      $0.add(counters.streamAnswers, ("by", "stream"))
    }
    text.counter(
      "grapevine_accusations_total",
      "Members that this node accused, since they did not answer at all.",
      counters.accusationsOut
    )
    text.counter(
      "grapevine_verdicts_total",
      "Members that this node itself concluded to be down.",
      counters.verdictsOut
    )
    text.counter(
      "grapevine_lone_verdicts_total",
      "Verdicts for which one accuser's word was enough.",
      counters.loneVerdicts
    )
    text.counter(
      "grapevine_refutations_total",
      "Wrong accusations and verdicts on this node that it answered.",
      counters.refutations
    )
    text.counter(
      "grapevine_challenges_total",
      "Verdicts from elsewhere that were put to the member first.",
      counters.challengesOut
    )
    text.counter(
      "grapevine_challenges_refuted_total",
      "Those that the member answered.",
      counters.challengesRefuted
    )
    text.counter("grapevine_flaps_total", "Members that came up again.", counters.flaps)
    text.counter("grapevine_locks_granted_total", "Locks obtained.", counters.locksGranted)
    text.counter(
      "grapevine_locks_contested_total",
      "Locks given up since another member held them, too.",
      counters.locksContested
    )
  }

  private func writeState(to text: inout PrometheusText) {
    text.family("grapevine_entries", .gauge, "Keys held of all members, by kind.") {
      $0.add(entries.entries, ("kind", "live"))
      $0.add(entries.tombstones, ("kind", "tombstone"))
    }
    text.gauge("grapevine_state_bytes", "Memory kept for all entries.", entries.size)
    text.counter(
      "grapevine_compactions_total",
      "Times that the node dropped its own aged tombstones.",
      counters.compactions
    )
  }

  private func writePeers(to text: inout PrometheusText) {
    let live = peers.filter(\.isLive)
    /// A sample for each live peer of which `value` is known.
    func family(_ name: String, _ help: String, _ value: (PeerReport) -> Double?) {
      text.family(name, .gauge, help) { samples in
        for peer in live {
          guard let value = value(peer) else { continue }
          samples.add(value, ("peer", peer.id.name))
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
  var label: String {
    var label = ""
    var last: Character?
    for character in "\(self)" {
      if character.isUppercase, last?.isLowercase == true { label += "_" }
      label += character.lowercased()
      last = character
    }
    return label
  }
}

extension Duration {
  /// The length in seconds.
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
