import Glibc
import Grapevine
import Testing

@Suite struct StandardErrorSinkTests {
  /// What is written to a pipe in place of standard error.
  private func written(_ records: LogRecord...) -> String {
    var ends: (reading: CInt, writing: CInt) = (-1, -1)
    withUnsafeMutablePointer(to: &ends) { pointer in
      pointer.withMemoryRebound(to: CInt.self, capacity: 2) { precondition(pipe($0) == 0) }
    }
    let sink = StandardErrorSink(minimumLevel: .info, descriptor: ends.writing)
    for record in records { sink.log(record) }
    close(ends.writing)
    defer { close(ends.reading) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = read(ends.reading, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  @Test func `A record is a line`() {
    let first = LogRecord(
      level: .warning,
      node: "web-1",
      message: "member is down",
      fields: [.init(name: "member", value: "web-2#7")]
    )
    let second = LogRecord(level: .info, node: "é", message: "closed")
    #expect(
      written(first, second) == "warning web-1: member is down member=web-2#7\ninfo é: closed\n"
    )
  }

  @Test func `What others chose can neither forge a line nor steer a terminal`() {
    let field = LogRecord.Field(
      name: "key",
      value: "a\nerror web-1: \u{1b}[2J\u{9b}\u{202e}\u{2028}"
    )
    let record = LogRecord(level: .info, node: "b\r", message: "key set", fields: [field])
    #expect(
      written(record)
        == "info b\\u{d}: key set key=a\\u{a}error web-1: \\u{1b}[2J\\u{9b}\\u{202e}\\u{2028}\n"
    )
  }

  @Test func `It wants what matters to an operator, unless told otherwise`() {
    #expect(StandardErrorSink().minimumLevel == .info)
    #expect(StandardErrorSink(minimumLevel: .debug).minimumLevel == .debug)
  }

  @Test func `What can't be written is lost`() {
    StandardErrorSink(minimumLevel: .info, descriptor: -1)
      .log(LogRecord(level: .info, node: "a", message: "closed"))
  }
}
