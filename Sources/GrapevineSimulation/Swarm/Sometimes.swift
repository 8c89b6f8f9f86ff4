import GrapevineCore

/// A rare path that some run of a campaign must take.
///
/// A campaign in which one is never taken proves nothing about it, and so fails.
package struct Sometimes: Sendable {
  package let name: String
  /// When it counts, as a sentence without its end.
  package let meaning: String
  /// How often it came to pass in a run.
  let count: @Sendable (Simulation, Swarm.Coverage) -> Int

  private init(
    _ name: String,
    _ meaning: String,
    _ count: @escaping @Sendable (Simulation, Swarm.Coverage) -> Int
  ) {
    self.name = name
    self.meaning = meaning
    self.count = count
  }

  /// Counted by the scenario, or by the events that engines told.
  private static func seen(
    _ name: String,
    _ meaning: String,
    _ count: @escaping @Sendable (Swarm.Coverage) -> Int
  ) -> Sometimes {
    Sometimes(name, meaning) { count($1) }
  }

  /// Counted by the engines themselves.
  private static func metric(
    _ name: String,
    _ meaning: String,
    _ count: @escaping @Sendable (Metrics) -> Int
  ) -> Sometimes {
    Sometimes(name, meaning) { simulation, _ in simulation.sum(count) }
  }

  /// Counted by the network.
  private static func network(
    _ name: String,
    _ meaning: String,
    _ count: @escaping @Sendable (NetworkCounters) -> Int
  ) -> Sometimes {
    Sometimes(name, meaning) { simulation, _ in count(simulation.networkCounters) }
  }
}

extension Sometimes {
  /// Every one that is declared, in the order of the table.
  package static let all =
    processes + splits + packets + states + streams + failures + names + users + quirks

  private static let processes = [
    seen("quiet peace", "all held the same for four intervals, and told nothing of it") {
      $0.quietSpans
    },
    seen("newcomer", "a node of a new name came while faults went on") { $0.newcomers },
    seen("process crash", "a process died, and its host said so") { $0.crashes - $0.hostCrashes },
    seen("host crash", "a host died in silence") { $0.hostCrashes },
    seen("restart", "the next process of a name started") { $0.restarts },
    seen("address change", "a process started at another address than the last one") { $0.moves },
    seen("clock set back", "a process started with a lower generation") { $0.setBacks },
    seen("sleep", "a process was stopped for a while") { $0.sleeps },
    metric("pause noticed", "an engine saw that it had not run") { $0.pauses },
    seen("last deaths", "members of a core in accord died together") { $0.lastDeaths },
  ]

  private static let splits = [
    seen("partition", "the nodes were cut in two") { $0.partitions },
    seen("one-way partition", "only one direction was cut") { $0.oneWayPartitions },
    seen("swizzle", "nodes were cut off one by one, to return in another order") { $0.swizzles },
    seen("link cut", "one direction of one link was cut") { $0.cuts },
    seen("link rule", "one link got a latency, loss, rate or limit of its own") { $0.linkRules },
    seen("black hole", "all datagrams of a node vanished, its streams went on") { $0.blackHoles },
    seen("weather", "what holds on the whole network changed") { $0.weatherChanges },
  ]

  private static let packets = [
    network("loss", "a datagram was lost") { $0.lost },
    network("duplicate", "a datagram came twice") { $0.duplicated },
    network("overtaking", "a datagram was held up, so that later ones overtook it") {
      $0.reordered
    },
    network("cut datagram", "a datagram was sent across a partition") { $0.cut },
    network("size black hole", "a datagram was larger than the path takes") { $0.tooLarge },
    network("line full", "a datagram found the queue of a slow line full") { $0.queueFull },
    network("buffer full", "a datagram found a sleeping process's buffer full") { $0.bufferFull },
    network("nobody there", "a datagram came to an address without process") { $0.nobodyThere },
    metric("queue full", "an engine dropped a packet since too many waited") {
      $0.packetsDiscarded
    },
  ]

  private static let states = [
    metric("push", "a push brought news") { $0.pushesNew },
    metric("pull", "a packet showed that more is to be had, which was asked for at once") {
      $0.pullsOut
    },
    metric("gap", "a section built on a version that the receiver does not have") {
      $0.drops[.gap]
    },
    metric("section refused", "a section was cut for another replica") { $0.drops[.refused] },
    seen("tombstone", "a reader was told that a key is gone") { $0.deletions },
    metric("compaction", "an owner dropped its aged tombstones") { $0.compactions },
    metric("snapshot taken", "a replica took a whole state at once") { $0.snapshotsIn },
    seen("state refused", "a node had no room for what another wrote") { $0.refusedStates },
  ]

  private static let streams = [
    metric("stream for want of progress", "packets brought nothing, so a stream was opened") {
      $0.streamFallbacks
    },
    metric("stream failed", "a stream ended before its work was done") { $0.streamsFailed },
    metric("stream refused", "a node had as many inbound streams as it takes") {
      $0.streamsRefused
    },
    seen("join failed", "an address could not be joined") { $0.failedJoins },
  ]

  private static let failures = [
    metric("suspicion", "a silent member was looked into") { $0.suspicions },
    metric("relay saved a member", "a silent member answered by way of another alone") {
      $0.relayAnswers
    },
    metric("stream saved a member", "a silent member answered by stream alone") {
      $0.streamAnswers
    },
    seen("answers by stream only", "a user was told of a member whose datagrams vanish") {
      $0.streamOnly
    },
    metric("accusation", "a member was accused") { $0.accusationsOut },
    metric("refutation", "a member refuted what was said of it") { $0.refutations },
    metric("verdict", "a member was concluded to be down") { $0.verdictsOut },
    metric("lone accuser's verdict", "one accuser's word was enough after a long time") {
      $0.loneVerdicts
    },
    metric("challenge", "a verdict met later was put to the member") { $0.challengesOut },
    metric("challenge refuted", "the member answered it") { $0.challengesRefuted },
    seen("recovery", "a member that was down came up again") { $0.recoveries },
    seen("expiry", "a member that was gone was forgotten") { $0.expiries },
    metric("grave hit", "news of a buried member was not believed") { $0.gravesHit },
    seen("grave lost", "a later grave took the place of the oldest one") { $0.lostGraves },
    seen("rejoin", "a member that was forgotten joined anew") { $0.rejoins },
    metric("stale news", "news of an earlier life or a buried one was dropped") {
      $0.drops[.stale]
    },
  ]

  private static let names = [
    seen("replacement", "a later life took the place of an earlier one") { $0.replacements },
    seen("generation raised", "a process began a later life for the sake of its name") {
      $0.raisedGenerations
    },
    seen("twin", "a process started under the name of one that ran") { $0.twins },
    seen("name conflict", "a user was told that another goes by the node's name") {
      $0.nameConflicts
    },
    seen("supersession", "a process gave its name up to another") { $0.supersessions },
  ]

  private static let quirks = Quirks.Site.allCases.map { site in
    Sometimes("quirk \(site.rawValue)", "an engine behaved awkwardly there") { simulation, _ in
      simulation.quirkCount(at: site)
    }
  }

  private static let users = [
    seen("refused write", "a write would have exceeded a limit, or came after leaving") {
      $0.refusedWrites
    },
    seen("long key", "a write was refused as its key is too long") { $0.refusedKeys },
    seen("spread", "a node learned that all hold what it wrote") { $0.spreads },
    seen("unfinished spread", "a spread ended with some missing") { $0.unfinishedSpreads },
    seen("leaving", "a member announced that it is about to leave") { $0.leavings },
    seen("leave", "a member left") { $0.leaves },
    seen("unheard leave", "nobody acknowledged a leave") { $0.unheardLeaves },
  ]
}
