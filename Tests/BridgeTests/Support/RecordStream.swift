public import Grapevine

/// A log of warnings and errors that a test waits for.
public struct RecordStream: LogSink {
  /// What was written, as it comes.
  public let records: AsyncStream<LogRecord>
  private let keeper: AsyncStream<LogRecord>.Continuation

  /// Creates a log with nothing in it.
  public init() {
    (records, keeper) = AsyncStream.makeStream()
  }

  /// Warnings.
  public var minimumLevel: LogLevel { .warning }

  /// Keeps the record.
  public func log(_ record: LogRecord) {
    keeper.yield(record)
  }
}
