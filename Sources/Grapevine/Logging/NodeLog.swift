import GrapevineCore
import GrapevineTransport

/// A node's way to its log sink: a bounded queue that the delivery thread empties.
///
/// Records can be added anywhere, also under the engine's lock; there, `wake` has to follow.
final class NodeLog: Sendable {
  /// The most records that wait for the sink.
  private static var limit: Int { 1_000 }

  private let minimumLevel: LogLevel
  private let node: String
  private let records: Locked<BoundedQueue<LogRecord>>
  private let delivery: Delivery?

  init(sink: (any LogSink)?, node: String, thread: DeliveryThread) {
    minimumLevel = sink?.minimumLevel ?? .error
    self.node = node
    let records = Locked(BoundedQueue<LogRecord>(limit: Self.limit))
    self.records = records
    delivery = sink.map { sink in
      Delivery(thread: thread, hasNews: { records.withLock { $0.hasNews } }) {
        guard let record = records.withLock({ Self.next(of: &$0, node) }) else { return false }
        sink.log(record)
        return true
      }
    }
  }

  /// Adds a record and wakes the sink; not to be called under the engine's lock.
  func write(
    _ level: LogLevel,
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, String>
  ) {
    append(level, message(), fields())
    wake()
  }

  /// Sees to it that the sink is handed what was added.
  func wake() {
    delivery?.wake()
  }

  /// Adds the record of an address that was tried in vain, for which it is the only one.
  func write(_ level: LogLevel, _ failure: AddressFailure) {
    write(level, "could not join", ["address": failure.place, "reason": "\(failure.reason)"])
  }

  private static func next(
    of records: inout BoundedQueue<LogRecord>,
    _ node: String
  ) -> LogRecord? {
    if let record = records.popFirst() { return record }
    let missed = records.takeMissed()
    guard missed > 0 else { return nil }
    let field = LogRecord.Field(name: "count", value: "\(missed)")
    return LogRecord(
      level: .warning,
      node: node,
      message: "log records were dropped",
      fields: [field]
    )
  }

  private func append(
    _ level: LogLevel,
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, String>
  ) {
    guard delivery != nil, level >= minimumLevel else { return }
    let named = fields().map { LogRecord.Field(name: $0.key, value: $0.value) }
    let record = LogRecord(level: level, node: node, message: message(), fields: named)
    _ = records.withLock { $0.append(record) }
  }
}

extension NodeLog {
  /// Adds a record of what the engine told; to be called under the engine's lock.
  func collect(_ event: EngineEvent) {
    guard delivery != nil else { return }
    switch event {
    case .member(let event): collect(event)
    case .joinFinished(_, .joined(let id)): append(.info, "joined", ["through": "\(id)"])
    case .joinFinished(_, .isSelf): append(.debug, "an address led to this node itself", [:])
    // Whoever asked knows the address, and says it.
    case .joinFinished(_, .failed): break
    case .leaveFinished(let asked, let acknowledged):
      append(.info, "left", ["asked": "\(asked.count)", "acknowledged": "\(acknowledged.count)"])
    case .spreadFinished(_, let missing):
      guard !missing.isEmpty else { break }
      append(.debug, "a version did not reach all in time", ["missing": "\(missing.count)"])
    case .reachFinished(_, let found): append(.debug, "tried a member", ["found": "\(found)"])
    case .answersByStreamOnly(let id):
      append(.warning, "packets do not get through, streams do", ["member": "\(id)"])
    case .wasPaused(let duration):
      append(.warning, "the process did not run for a while", ["duration": "\(duration)"])
    case .superseded(let rival, let address):
      append(.error, "another process has this name", ["rival": "\(rival)", "at": "\(address)"])
    case .generationRaised(let id):
      append(.info, "an earlier life had a higher generation", ["now": "\(id)"])
    case .peerChanged, .lockGranted, .lockLost: break
    case .stateRefused(let id, let limit):
      append(.warning, "state was refused", ["member": "\(id)", "limit": limit])
    }
  }

  private func collect(_ event: Event) {
    switch event {
    case .joined(let id): append(.info, "member joined", ["member": "\(id)"])
    case .leaving(let id): append(.info, "member is leaving", ["member": "\(id)"])
    case .left(let id): append(.info, "member left", ["member": "\(id)"])
    case .down(let id): append(.warning, "member is down", ["member": "\(id)"])
    case .up(let id): append(.info, "member is up", ["member": "\(id)"])
    case .expired(let id): append(.info, "member expired", ["member": "\(id)"])
    case .replaced(let old, by: let new):
      append(.info, "member started anew", ["before": "\(old)", "now": "\(new)"])
    case .nameConflict(_, let rival, let address):
      append(.error, "two live members have one name", ["rival": "\(rival)", "at": "\(address)"])
    case .keySet(let id, let entry):
      append(.debug, "key set", ["member": "\(id)", "key": entry.key])
    case .keyDeleted(let id, let key, _):
      append(.debug, "key deleted", ["member": "\(id)", "key": key])
    }
  }
}

extension Node {
  /// Writes what a bridge has to say of the node to its log.
  package func writeLog(
    _ level: LogLevel,
    _ message: String,
    _ fields: KeyValuePairs<String, String>
  ) {
    log.write(level, message, fields)
  }
}
