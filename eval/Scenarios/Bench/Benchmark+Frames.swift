internal import GrapevineCore

// What goes by streams.
extension Benchmark {
  static let ofFrames = [
    Benchmark("wire.frame.encode", operationCount: 1_024, output: frameOutput) {
      let payload = [UInt8](repeating: 7, count: frameSize)
      return { count in
        var sum = 0
        for _ in 0..<count { sum += FrameKind.delta.frame(payload[...], isContinued: false).count }
        keep(sum)
      }
    },
    Benchmark("wire.frame.decode", operationCount: 1_024, output: frameOutput) {
      let payload = [UInt8](repeating: 7, count: frameSize)
      let frame = FrameKind.delta.frame(payload[...], isContinued: false)
      var assembler = FrameAssembler(messageLimit: FrameKind.payloadLimit)
      return { count in
        for _ in 0..<count { try take(frame, &assembler) }
        keep(assembler.frameCount)
      }
    },
    Benchmark("wire.hello.encode", operationCount: 4_096, output: Output(1, "frames")) {
      { count in
        var sum = 0
        for index in 0..<count { sum += hello(instance: UInt64(index)).count }
        keep(sum)
      }
    },
    Benchmark("wire.hello.decode", operationCount: 4_096, output: Output(1, "frames")) {
      let frame = hello(instance: 1)
      var assembler = FrameAssembler(messageLimit: FrameKind.payloadLimit)
      return { count in
        var sum: UInt64 = 0
        for _ in 0..<count {
          let payload = try take(frame, &assembler)
          var reader = WireReader(0..<payload.count)
          sum &+= try Hello.read(payload.span, &reader).instance
          sum &+= try Section.read(payload.span, &reader).key.rawValue
        }
        keep(sum)
      }
    },
  ]

  private static let frameSize = 16_384
  private static let frameOutput = Output(frameSize, "bytes")

  @discardableResult
  private static func take(
    _ frame: [UInt8],
    _ assembler: inout FrameAssembler
  ) throws -> [UInt8] {
    var offset = 0
    guard let message = try assembler.next(frame.span, &offset) else {
      throw EvaluationError("a frame is no message")
    }
    return message.payload
  }

  /// A greeting: what is wanted, and who the sender is.
  private static func hello(instance: UInt64) -> [UInt8] {
    var payload: [UInt8] = []
    Hello(label: 7, purpose: .sync, instance: instance).write(to: &payload)
    let head = Section.begin(greeter.key, in: &payload)
    Section.write(identity: greeter.id, to: &payload)
    Section.write(greeter.claim(now: Sample.begin), to: &payload)
    Section.end(head, in: &payload)
    return FrameKind.hello.frame(payload[...], isContinued: false)
  }

  private static let greeter = Sample.record(1)
}
