import GrapevineCore

/// Holds each verdict that is told on a member that lives against what was done to it.
///
/// What excuses a verdict is as narrow as can be argued: what holds everywhere and is worse than
/// members can stand; a pause of the member, a cut that takes it, or the one who tells, from a
/// quarter of the others; a second process of its name, or an earlier one of its very identity. An
/// excuse lasts for ``window``. That those who accuse were in trouble excuses nothing, unless
/// packets are lost besides: they must not accuse then, or a moment after. What a newcomer takes
/// over, with its first word of a member, was judged where it was told before. In peace, once all
/// have agreed and no packet of before is on its way, only latencies excuse one, where they are
/// longer than members can stand.
package final class VerdictCheck: EventCheck {
  package static let name = "verdicts"
  package static let reason =
    "no live member is called down while the faults in force can't explain it"
  package static let isForMeasuring = true

  /// How long after a fault it still explains a verdict: twice the time in which the slowest way
  /// to a verdict ends (a silence that counts for at most 20 intervals, and 20 more until a single
  /// accuser's word is enough), and what it takes a verdict to spread and be refuted.
  package static let window = Duration.seconds(30)
  /// The least of ``window``, in intervals of the member.
  static let windowIntervals: UInt64 = 60
  /// Pauses of up to so many of its intervals explain nothing: it takes 2.4 of silence to be
  /// suspected, and three more until a verdict.
  static let pauseIntervals: UInt64 = 2
  /// Within so many intervals a node that wakes reads what waited for it.
  static let backlogIntervals: UInt64 = 2
  /// The share of lost packets up to which members must stand it: then two rounds of pings, direct
  /// and by three relays, fail once in fifty times, and those by stream never.
  static let lossLimit = 0.25
  /// Up to this share of pushes that are lost, or end with the deaf, a refutation outruns the
  /// verdict.
  static let lossRefuted = 0.1
  /// Latencies up to this part of an interval are within the deviation that members allow for.
  static let latencyDivisor: UInt64 = 4
  /// Paths that take less carry no verdicts and refutations with certainty.
  static let datagramSizeMinimum = 512
  /// On slower lines a heartbeat waits long behind a stream.
  static let bandwidthMinimum: UInt64 = 2_000_000
  /// Clocks may be off by as much as the intervals jitter, in parts of a million.
  static let driftLimit: Int64 = 100_000
  /// One interval may be so many times another.
  static let intervalRatioLimit: UInt64 = 2
  /// A member that can't be reached from a part of the others of one in so many may be called
  /// down; if it is from fewer, relays must save it.
  static let cutDivisor = 4

  package init() {}

  func told(_ event: EngineEvent, by observer: Int, in simulation: Simulation) {
    guard case .member(.down(let id)) = event, simulation.judgesVerdicts,
      let life = simulation.faults.life(of: id), life.ended == nil,
      simulation.nodes[life.node].state == .running
    else { return }
    let memory = memory(of: life.node, in: simulation)
    let isWild = simulation.faults.lastWild(at: simulation.time) == simulation.time
    if simulation.peaceful.isSuperset(of: [observer, life.node]), !isWild,
      !simulation.hasRival(life.node)
    {
      simulation.fail(Self.self, observer, "calls \(id) down, which runs, in peace")
      return
    }
    guard !isExplained(life, observer, id, memory, in: simulation) else { return }
    simulation.fail(
      Self.self,
      observer,
      "calls \(id) down, which runs, and of which nothing was wrong for "
        + "\(memory / 1_000_000) ms"
    )
  }

  private func isExplained(
    _ life: FaultLog.Life,
    _ observer: Int,
    _ id: MemberID,
    _ memory: UInt64,
    in simulation: Simulation
  ) -> Bool {
    let (faults, time) = (simulation.faults, simulation.time)
    // Who wakes reads first what was sent to it while it slept, or before.
    let interval = simulation.nodes[observer].configuration.interval.wholeNanoseconds
    let wokeSince = time - min(time, Self.backlogIntervals * interval)
    let memory = memory + faults.lengthOfPause(observer, endedSince: wokeSince)
    func isRecent(_ moment: UInt64?) -> Bool {
      moment.map { time - $0 <= memory } ?? false
    }
    return isRecent(faults.lastWild(at: time)) || isRecent(faults.lastPause(life.node))
      || isRecent(faults.lastCutOff(life.node, at: time))
      || isRecent(faults.lastCutOff(observer, at: time))
      || (life.isReused && isRecent(life.began))
      || isRecent(faults.lastRivalry(id.name)) || simulation.hasRival(life.node)
      || isHearsay(id, observer, in: simulation, isRecent)
      || isOutrun(id, observer, in: simulation, isRecent)
  }

  /// Says whether two that are deaf accuse the member, and its refutation may have been lost.
  ///
  /// Who hears only a few others can't tell that from the loss of all the rest. What it says is
  /// refuted, but where packets are lost not at once everywhere; what a deaf one is to pass on is
  /// lost as well.
  private func isOutrun(
    _ id: MemberID,
    _ observer: Int,
    in simulation: Simulation,
    _ isRecent: (UInt64?) -> Bool
  ) -> Bool {
    let running = simulation.nodes.indices.filter { simulation.nodes[$0].state == .running }
    let deaf = running.filter { isRecent(simulation.faults.lastCutOff($0, at: simulation.time)) }
    let passedOn = 1 - Double(deaf.count) / Double(max(running.count, 1))
    let lost = 1 - (1 - simulation.conditions.loss.share) * passedOn
    guard lost > Self.lossRefuted else { return false }
    let accusers = simulation.nodes[observer].engine.standing(of: MemberKey(id))?.accusers ?? []
    return deaf.count { accusers.contains(simulation.nodes[$0].engine.ownKey) } > 1
  }

  /// Says whether a newcomer tells a verdict with its first word of the member.
  ///
  /// It takes over what the one by whom it joined holds, which may reach others by streams alone,
  /// or be cut off from all but newcomers. That one was held to account when it told the verdict.
  private func isHearsay(
    _ id: MemberID,
    _ observer: Int,
    in simulation: Simulation,
    _ isRecent: (UInt64?) -> Bool
  ) -> Bool {
    let faults = simulation.faults
    guard isRecent(faults.life(of: faults.identity(of: observer))?.began) else { return false }
    return simulation.nodes[observer].events.all.contains { told in
      told.time == simulation.now && told.event == .member(.joined(id))
    }
  }

  /// How long after a fault its consequences may show.
  private func memory(of node: Int, in simulation: Simulation) -> UInt64 {
    let interval = simulation.nodes[node].configuration.interval.wholeNanoseconds
    return max(Self.window.wholeNanoseconds, Self.windowIntervals * interval)
  }

  /// The longest pause of a node that explains no verdict.
  static func pauseLimit(interval: Duration) -> UInt64 {
    pauseIntervals * interval.wholeNanoseconds
  }
}
