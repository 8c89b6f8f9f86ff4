package import GrapevineCore

/// The deadlines of a loop's clients, one each, the earliest at hand.
///
/// A binary heap that knows where each client stands in it, so that a deadline can be moved.
package struct DeadlineHeap {
  private var nodes: [(deadline: Instant, client: ClientID)] = []
  private var positions: [ClientID: Int] = [:]

  package init() {}
}

extension DeadlineHeap {
  /// The earliest deadline, `never` if there is none.
  package var earliest: Instant { nodes.first?.deadline ?? .never }

  /// Gives a client its deadline in place of the one that it had; `never` takes it out.
  ///
  /// - Complexity: O(log n).
  package mutating func set(_ deadline: Instant, for client: ClientID) {
    guard let position = positions[client] else {
      guard deadline != .never else { return }
      nodes.append((deadline, client))
      positions[client] = nodes.count - 1
      moveUp(nodes.count - 1)
      return
    }
    guard deadline != .never else {
      remove(at: position)
      return
    }
    nodes[position].deadline = deadline
    moveUp(position)
    moveDown(position)
  }

  /// Takes out a client whose deadline is not after `now`; nil if there is none.
  ///
  /// - Complexity: O(log n).
  package mutating func removeDue(at now: Instant) -> ClientID? {
    guard let first = nodes.first, first.deadline <= now else { return nil }
    remove(at: 0)
    return first.client
  }

  private mutating func remove(at position: Int) {
    swapNodes(position, nodes.count - 1)
    positions[nodes.removeLast().client] = nil
    guard position < nodes.count else { return }
    moveUp(position)
    moveDown(position)
  }

  private mutating func moveUp(_ start: Int) {
    var position = start
    while position > 0 {
      let parent = (position - 1) / 2
      guard nodes[position].deadline < nodes[parent].deadline else { return }
      swapNodes(position, parent)
      position = parent
    }
  }

  private mutating func moveDown(_ start: Int) {
    var position = start
    while true {
      let left = 2 * position + 1
      guard left < nodes.count else { return }
      let right = left + 1
      let isRightEarlier = right < nodes.count && nodes[right].deadline < nodes[left].deadline
      let child = isRightEarlier ? right : left
      guard nodes[child].deadline < nodes[position].deadline else { return }
      swapNodes(position, child)
      position = child
    }
  }

  private mutating func swapNodes(_ first: Int, _ second: Int) {
    nodes.swapAt(first, second)
    positions[nodes[first].client] = first
    positions[nodes[second].client] = second
  }
}
