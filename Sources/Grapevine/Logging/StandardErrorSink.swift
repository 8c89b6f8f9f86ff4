import Glibc

/// Writes each log record as a line to standard error, for programs that have no logging of their
/// own: `warning web-1: member is down member=web-2#7`.
///
/// What could end the line or steer a terminal, as a name or key that another member chose can, is
/// written as its number: `\u{a}`. The time is left to what collects the lines.
public struct StandardErrorSink: LogSink {
  /// The least level that is written.
  public let minimumLevel: LogLevel
  private let descriptor: CInt

  /// Creates a sink that writes records of `minimumLevel` and above.
  public init(minimumLevel: LogLevel = .info) {
    self.init(minimumLevel: minimumLevel, descriptor: STDERR_FILENO)
  }

  package init(minimumLevel: LogLevel, descriptor: CInt) {
    self.minimumLevel = minimumLevel
    self.descriptor = descriptor
  }

  /// Writes the record; what can't be written is lost.
  public func log(_ record: LogRecord) {
    let line = Array((Self.printable(record.description) + "\n").utf8)
    var offset = 0
    while offset < line.count {
      let count = line.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + offset }, line.count - offset)
      }
      guard count > 0 else { return }
      offset += count
    }
  }

  private static func printable(_ text: String) -> String {
    var printable = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        printable += "\\u{\(String(scalar.value, radix: 16))}"
      default: printable.unicodeScalars.append(scalar)
      }
    }
    return printable
  }
}
