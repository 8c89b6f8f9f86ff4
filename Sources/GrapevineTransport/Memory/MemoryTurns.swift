/// The tasks that read, or write, at one end of a pipe: one after the other, and until a deadline.
package struct MemoryTurns {
  private var tickets: [UInt64] = []
  private var lastTicket: UInt64 = 0
  /// When every call is to give up.
  package var deadline: ContinuousClock.Instant?

  /// Takes a place at the end of the line.
  package mutating func enter() -> UInt64 {
    lastTicket += 1
    tickets.append(lastTicket)
    return lastTicket
  }

  /// The number of tasks in the line.
  package var count: Int { tickets.count }

  /// Says whether it is the ticket's turn.
  package func isFirst(_ ticket: UInt64) -> Bool { tickets.first == ticket }

  package mutating func leave(_ ticket: UInt64) {
    tickets.removeAll { $0 == ticket }
  }
}

extension MemoryPipe.State {
  /// Who reads at an end.
  package subscript(readersOf side: MemoryPipe.Side) -> MemoryTurns {
    get { self[side].readTurns }
    _modify { yield &self[side].readTurns }
  }

  /// Who writes at an end.
  package subscript(writersOf side: MemoryPipe.Side) -> MemoryTurns {
    get { self[side].writeTurns }
    _modify { yield &self[side].writeTurns }
  }
}
