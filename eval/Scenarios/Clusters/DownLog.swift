internal import Synchronization

/// Reports that a watcher's thread adds and the measuring thread reads, without a lock.
final class DownLog: Sendable {
  private final class Link: Sendable {
    let report: DownReport
    let next = AtomicLazyReference<Link>()

    init(_ report: DownReport) {
      self.report = report
    }
  }

  private let first = AtomicLazyReference<Link>()

  /// Adds a report behind the others.
  ///
  /// - Complexity: O(reports so far), which are as few as members that go down.
  func add(_ report: DownReport) {
    let link = Link(report)
    var other = first.storeIfNil(link)
    while other !== link { other = other.next.storeIfNil(link) }
  }

  /// All reports so far, the oldest first.
  var all: [DownReport] {
    var reports: [DownReport] = []
    var link = first.load()
    while let found = link {
      reports.append(found.report)
      link = found.next.load()
    }
    return reports
  }
}
