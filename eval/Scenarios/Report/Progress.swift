package import GrapevineCore

/// Tells a waiting person how far a measurement is.
///
/// It says nothing within the first two seconds. On a terminal one line is rewritten, at most ten
/// times a second; elsewhere a line is added every ten seconds.
package final class Progress {
  private let isTerminal: Bool
  private let clock: () -> Instant
  private let write: (String) -> Void
  private var due: Instant
  private var isLineOpen = false
  /// What stands before each text: the part of the whole that is under way.
  package var prefix = ""

  /// Creates the progress of something that begins now.
  package init(
    isTerminal: Bool,
    clock: @escaping () -> Instant = { MachineClock.now },
    write: @escaping (String) -> Void = StandardError.write
  ) {
    self.isTerminal = isTerminal
    self.clock = clock
    self.write = write
    due = clock() + Progress.patience
  }

  private static let patience: Duration = .seconds(2)

  /// Says how far it is, if it is time to.
  package func report(_ text: @autoclosure () -> String) {
    let now = clock()
    guard now >= due else { return }
    if isTerminal {
      due = now + .milliseconds(100)
      isLineOpen = true
      write("\r\u{1B}[K\(prefix)\(text())")
    } else {
      due = now + .seconds(10)
      write("\(prefix)\(text())\n")
    }
  }

  /// Wipes the line away, so that results begin on a clean one.
  package func finish() {
    guard isLineOpen else { return }
    isLineOpen = false
    write("\r\u{1B}[K")
  }
}
