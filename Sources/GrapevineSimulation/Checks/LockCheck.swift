package import GrapevineCore

/// Two may hold a lock where a split keeps them apart: then they are counted, see
/// ``Simulation/judgesLocks``.
package final class LockCheck: EventCheck {
  package static let name = "locks"
  package static let reason =
    "at no moment do two running nodes hold a lock, and each grant has a higher epoch"
  package static let isForMeasuring = true

  /// By lock the epoch of its last grant.
  private var epochs: [LockID: LockEpoch] = [:]

  package init() {}

  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation) {
    guard case .lockGranted(let id, let epoch) = event else { return }
    let rivals = simulation.holders(of: id).filter { $0 != node }
    if !rivals.isEmpty { simulation.sharedGrantCount += 1 }
    let last = epochs[id] ?? 0
    epochs[id] = max(last, epoch)
    guard simulation.judgesLocks else { return }
    if let rival = rivals.first {
      simulation.fail(
        Self.self,
        node,
        "came to hold lock \(id.rawValue) with epoch \(epoch), which node \(rival) holds"
      )
    } else if epoch <= last {
      simulation.fail(
        Self.self,
        node,
        "came to hold lock \(id.rawValue) with epoch \(epoch) after \(last)"
      )
    }
  }
}

extension Simulation {
  /// The nodes that run and hold a lock.
  package func holders(of id: LockID) -> [Int] {
    nodes.indices.filter { node in
      nodes[node].state == .running && nodes[node].engine.lockEpoch(of: id) != nil
    }
  }
}
