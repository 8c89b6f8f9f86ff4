import GrapevineTesting
import Testing

/// What a connection in memory does, and both ends of a pipe.
struct MemoryConnectionTests {
  @Test func `what is written at one end is read at the other, in order, and then the end`()
    async throws
  {
    let (local, remote) = try MemoryConnection.pipe()
    #expect(local.localAddress == nil && remote.remoteAddress == nil)
    try await local.write(text("Hello, "))
    try await local.write(text("world!"))
    #expect(try await remote.read(atMost: 3) == text("Hel"))
    local.close()
    #expect(try await remote.read() == text("lo, world!"))
    #expect(try await remote.read() == nil)
    #expect(try await remote.read() == nil)
  }

  @Test func `both directions are apart`() async throws {
    let (local, remote) = try MemoryConnection.pipe()
    try await local.write(text("ping"))
    try await remote.write(text("pong"))
    #expect(try await local.read() == text("pong"))
    #expect(try await remote.read() == text("ping"))
    // Nobody reads what he wrote himself.
    try await local.write(text("mine"))
    #expect(await code { _ = try await local.read(timeout: .milliseconds(5)) } == .deadlineExceeded)
    remote.close()
  }

  @Test(arguments: [1, 2, 1_024]) func `a full buffer pushes back`(size: Int) async throws {
    let (local, remote) = try MemoryConnection.pipe(bufferSize: size)
    let bytes = [UInt8]((0..<size * 3).map { UInt8(truncatingIfNeeded: $0) })
    // As many go as there is room for, and not one more.
    let error = await #expect(throws: MemoryNetworkError.self) {
      try await local.write(bytes, timeout: .milliseconds(20))
    }
    #expect(error?.code == .deadlineExceeded && error?.writtenCount == size)
    #expect(error?.description.contains("\(size) of \(size * 3) bytes") == true)
    #expect(try await remote.read() == Array(bytes.prefix(size)))
    // One that waits goes on as soon as somebody reads, and all of it arrives.
    async let writing: Void = local.write(bytes)
    var read: [UInt8] = []
    while read.count < bytes.count {
      let piece = try #require(try await remote.read())
      #expect((1...size).contains(piece.count))
      read += piece
    }
    try await writing
    #expect(read == bytes)
  }

  @Test func `a megabyte goes through a kilobyte`() async throws {
    let (local, remote) = try MemoryConnection.pipe()
    let bytes = [UInt8]((0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    async let writing: Void = {
      try await local.write(bytes)
      local.close()
    }()
    var read: [UInt8] = []
    while let piece = try await remote.read(atMost: 700) { read += piece }
    try await writing
    #expect(read == bytes)
  }

  @Test func `the writer of a closed connection is told`() async throws {
    let (local, remote) = try MemoryConnection.pipe(bufferSize: 4)
    try await local.write(text("full"))
    async let blocked = code { try await local.write(text("more")) }
    remote.close()
    #expect(await blocked == .closed)
    #expect(await code { try await local.write(text("more")) } == .closed)
    // To close twice is harmless.
    remote.close()
    #expect(await code { try await remote.write([1]) } == .closed)
    #expect(await code { _ = try await remote.read() } == .closed)
  }

  @Test func `closing wakes those who wait at the same end`() async throws {
    let (local, remote) = try MemoryConnection.pipe(bufferSize: 1)
    try await local.write([1])
    async let reading = code { _ = try await local.read() }
    async let writing = code { try await local.write([2]) }
    await waitUntilBlocked(local, readers: 1, writers: 1)
    local.close()
    #expect(await reading == .closed)
    #expect(await writing == .closed)
    #expect(try await remote.read() == [1])
  }

  @Test func `an end that nobody holds is closed`() async throws {
    var local: MemoryConnection?
    let remote: MemoryConnection
    (local, remote) = try MemoryConnection.pipe()
    try await local?.write([7])
    local = nil
    #expect(try await remote.read() == [7])
    #expect(try await remote.read() == nil)
  }

  @Test func `a deadline that has passed fails every call until it is set anew`() async throws {
    let (local, remote) = try MemoryConnection.pipe()
    try await remote.write([1])
    local.readDeadline = .now
    local.writeDeadline = .now
    #expect(await code { _ = try await local.read() } == .deadlineExceeded)
    #expect(await code { try await local.write([1]) } == .deadlineExceeded)
    local.readDeadline = nil
    local.writeDeadline = .now + .seconds(3_600)
    #expect(local.readDeadline == nil && local.writeDeadline != nil)
    #expect(try await local.read() == [1])
    try await local.write([2])
    #expect(try await remote.read() == [2])
  }

  @Test func `a deadline wakes who waits, when it comes and when it is set`() async throws {
    let (local, remote) = try MemoryConnection.pipe(bufferSize: 1)
    try await local.write([1])
    local.readDeadline = .now + .milliseconds(10)
    #expect(await code { _ = try await local.read() } == .deadlineExceeded)
    local.readDeadline = nil
    async let reading = code { _ = try await local.read() }
    async let writing = code { try await local.write([2]) }
    await waitUntilBlocked(local, readers: 1, writers: 1)
    local.readDeadline = .now
    #expect(await reading == .deadlineExceeded)
    // A deadline of the readers is none of the writers'.
    local.writeDeadline = .now
    #expect(await writing == .deadlineExceeded)
    #expect(try await remote.read() == [1])
  }

  @Test func `a task that is cancelled stops waiting, and the next one gets its turn`()
    async throws
  {
    let (local, remote) = try MemoryConnection.pipe(bufferSize: 1)
    let first = Task { await code { _ = try await local.read() } }
    await waitUntilBlocked(local, readers: 1)
    let second = Task { try await local.read() }
    await waitUntilBlocked(local, readers: 2)
    first.cancel()
    #expect(await first.value == .cancelled)
    try await remote.write([9])
    #expect(try await second.value == [9])
    let writer = Task { await code { try await local.write([1, 2]) } }
    await waitUntilBlocked(local, writers: 1)
    writer.cancel()
    #expect(await writer.value == .cancelled)
    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await code { _ = try await local.read() }
    }
    #expect(await late.value == .cancelled)
    remote.close()
  }

  @Test func `the bytes of a write stay together`() async throws {
    let (local, remote) = try MemoryConnection.pipe(bufferSize: 3)
    let all = await withTaskGroup(of: Void.self) { group in
      for writer in UInt8(1)...8 {
        group.addTask {
          try? await local.write([UInt8](repeating: writer, count: 50))
        }
      }
      var read: [UInt8] = []
      while read.count < 400, let piece = try? await remote.read() { read += piece }
      return read
    }
    var seen: [UInt8] = []
    for start in stride(from: 0, to: 400, by: 50) {
      let piece = all[start..<start + 50]
      #expect(Set(piece).count == 1)
      seen.append(all[start])
    }
    #expect(seen.sorted() == Array(1...8))
  }

  @Test func `sizes that can't be are refused in words`() async throws {
    #expect(await code { _ = try MemoryConnection.pipe(bufferSize: 0) } == .invalidValue)
    let (local, remote) = try MemoryConnection.pipe()
    #expect(await code { _ = try await local.read(atMost: 0) } == .invalidValue)
    // Nothing to write is written at once, and nothing arrives.
    try await remote.write([])
    #expect(await code { _ = try await local.read(timeout: .zero) } == .deadlineExceeded)
  }
}

/// Waits until so many calls are in line.
private func waitUntilBlocked(
  _ connection: MemoryConnection,
  readers: Int = 0,
  writers: Int = 0
) async {
  try? await eventually("they wait") {
    connection.readerCount == readers && connection.writerCount == writers
  }
}

func text(_ string: String) -> [UInt8] { Array(string.utf8) }

/// What went wrong, if it did.
func code(_ body: () async throws -> Void) async -> MemoryNetworkError.Code? {
  do {
    try await body()
    return nil
  } catch {
    return (error as? MemoryNetworkError)?.code
  }
}
