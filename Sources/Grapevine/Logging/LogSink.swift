/// How much a log record matters.
public enum LogLevel: Int, Sendable, Hashable, Codable, CaseIterable {
  /// For those who look for a fault in the library.
  case debug
  /// Part of a cluster's normal life.
  case info
  /// Something an operator should know of; the node copes.
  case warning
  /// Something that an operator must deal with.
  case error
}

extension LogLevel: Comparable {
  /// Says whether the first matters less than the second.
  public static func < (first: LogLevel, second: LogLevel) -> Bool {
    first.rawValue < second.rawValue
  }
}

extension LogLevel: CustomStringConvertible {
  /// The level's name in lower case.
  public var description: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    }
  }
}

/// One thing that a node has to say.
public struct LogRecord: Sendable, Hashable, Codable {
  /// How much it matters.
  public let level: LogLevel
  /// The name of the node that says it.
  public let node: String
  /// What happened, the same words for each occasion.
  public let message: String
  /// What differs from one occasion to the next.
  public let fields: [Field]

  /// A named value of a record.
  public struct Field: Sendable, Hashable, Codable {
    /// The field's name, such as `address`.
    public let name: String
    /// The field's value as text.
    public let value: String

    /// Creates a field, as a test of a sink needs one.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Creates a record, as a test of a sink needs one.
  public init(level: LogLevel, node: String, message: String, fields: [Field] = []) {
    self.level = level
    self.node = node
    self.message = message
    self.fields = fields
  }
}

extension LogRecord: CustomStringConvertible {
  /// The record on one line: `warning web-1: member is down member=web-2#7`.
  public var description: String {
    fields.reduce("\(level) \(node): \(message)") { "\($0) \($1.name)=\($1.value)" }
  }
}

/// Where a node's log records go; none is needed, and none is the default.
///
/// ``StandardErrorSink`` writes them as lines; the package's trait `SwiftLog` brings a sink for
/// swift-log.
///
/// Records come one at a time and in order, outside every lock, on the thread that also calls the
/// watchers of the node's ``Node/Loop``: a slow sink never delays gossip. What a full queue dropped
/// is told as a number in a record of its own.
public protocol LogSink: Sendable {
  /// The least level that the sink wants to see; asked once, when the node starts.
  var minimumLevel: LogLevel { get }
  /// Takes one record.
  func log(_ record: LogRecord)
}

extension LogSink {
  /// ``LogLevel/info``.
  public var minimumLevel: LogLevel { .info }
}
