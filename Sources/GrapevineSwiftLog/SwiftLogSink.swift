#if SwiftLog
  public import Grapevine
  public import Logging

  /// Hands a node's log records to a logger of swift-log.
  ///
  /// A record's message is the same text for each occasion; what differs is metadata: the record's
  /// fields by their names, and the node's name as `node`.
  ///
  /// ```swift
  /// configuration.logSink = SwiftLogSink(Logger(label: "cluster"))
  /// ```
  public struct SwiftLogSink: LogSink {
    private let logger: Logger

    /// Creates a sink for `logger`, whose level at that time is the least that a node produces.
    public init(_ logger: Logger) {
      self.logger = logger
    }

    /// The least level that the logger takes.
    public var minimumLevel: LogLevel {
      switch logger.logLevel {
      case .trace, .debug: .debug
      case .info: .info
      case .notice, .warning: .warning
      case .error, .critical: .error
      }
    }

    /// Logs the record at the level of the same name.
    public func log(_ record: LogRecord) {
      var metadata: Logger.Metadata = ["node": .string(record.node)]
      for field in record.fields { metadata[field.name] = .string(field.value) }
      logger.log(
        level: Logger.Level(record.level),
        "\(record.message)",
        metadata: metadata,
        source: "Grapevine"
      )
    }
  }

  extension Logger.Level {
    fileprivate init(_ level: LogLevel) {
      switch level {
      case .debug: self = .debug
      case .info: self = .info
      case .warning: self = .warning
      case .error: self = .error
      }
    }
  }
#endif
