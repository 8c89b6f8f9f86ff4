import GrapevineCore

/// Asked by scenarios; see ``Simulation/requireNoGhosts(detection:oblivion:)``.
package final class GhostCheck: Check {
  package static let name = "ghosts"
  package static let reason = "a member that is dead is called so in time, and forgotten in time"
  package static let isForMeasuring = true

  /// The time in which every node must have seen that a member is dead.
  package static let detection = VerdictCheck.window
  /// The time in which, with `memberExpiry` on top, every node must have forgotten it.
  package static let oblivion = Duration.seconds(65)

  package init() {}
}

extension Simulation {
  /// Demands that no live node holds a dead member for live, or holds one for too long at all.
  ///
  /// A member is dead when its process died, left, gave way to another of its name or took another
  /// identity. The time counts from then, or from the end of the last fault that was in the
  /// holder's way.
  ///
  /// - Parameters:
  ///   - detection: the time after which no node may hold a dead member for live.
  ///   - oblivion: the time after which, with the holder's `memberExpiry`, none may list it.
  /// - Throws: a ``Violation`` of ``GhostCheck`` for the first ghost.
  package func requireNoGhosts(
    detection: Duration = GhostCheck.detection,
    oblivion: Duration = GhostCheck.oblivion
  ) throws(Violation) {
    for node in liveNodes where isMember(node) {
      let quiet = max(
        faults.lastWild(at: time) ?? 0,
        faults.lastCutOff(node, at: time) ?? 0,
        faults.lastPause(node) ?? 0
      )
      let patience = (oblivion + nodes[node].configuration.memberExpiry).wholeNanoseconds
      for member in nodes[node].engine.memberSummaries(now: clockReading(of: node)) {
        guard let life = faults.life(of: member.id) else {
          throw ghost(member, node, "which never was")
        }
        guard let ended = life.ended else { continue }
        let age = time - max(ended, quiet)
        if member.isLive, age >= detection.wholeNanoseconds {
          throw ghost(member, node, "which ended \((time - ended) / 1_000_000) ms ago")
        }
        if age >= patience {
          throw ghost(member, node, "which should be forgotten")
        }
      }
    }
  }

  private func ghost(_ member: Member, _ node: Int, _ reason: String) -> Violation {
    let detail = "lists \(member), \(reason)"
    return Violation(GhostCheck.self, seed: seed, time: now, node: node, detail: detail)
  }
}
