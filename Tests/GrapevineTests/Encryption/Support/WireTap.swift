import Glibc
import GrapevineCore
import GrapevineTransport
import Testing

/// Hears everything that passes on the loopback interface, as whoever sits on the path does.
///
/// It needs the right to open packet sockets (`CAP_NET_RAW`), which root has.
final class WireTap: Sendable {
  /// What one frame carried, each once.
  struct Piece: Sendable, Hashable {
    let isDatagram: Bool
    let source: UInt16
    let target: UInt16
    /// The place of a segment in its stream.
    let sequence: UInt32
    let bytes: [UInt8]
  }

  private struct State {
    var pieces: [Piece] = []
    var hasEnded = false
  }

  private let state = Locked(State())
  private let descriptor: CInt

  init() throws {
    descriptor = Self.openSocket()
    try #require(descriptor >= 0, "no packet socket: it takes CAP_NET_RAW")
    var size: CInt = 64 << 20
    // SO_RCVBUFFORCE, which may exceed the system's limit.
    setsockopt(descriptor, SOL_SOCKET, 33, &size, 4)
    let state = state
    let descriptor = descriptor
    try NativeThread.start(name: "wire-tap") {
      var buffer = [UInt8](repeating: 0, count: 1 << 17)
      var address = [UInt8](repeating: 0, count: 128)
      while !state.withLock({ $0.hasEnded }) {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 20) == 1 else { continue }
        let count = Self.receive(descriptor, &buffer, &address)
        // Each frame is seen as it goes out (4) and as it comes in.
        guard count > 0, address[10] == 4, let piece = Piece(frame: buffer[..<count]) else {
          continue
        }
        state.withLock { $0.pieces.append(piece) }
      }
      close(descriptor)
    }
  }

  deinit {
    state.withLock { $0.hasEnded = true }
  }

  /// PF_PACKET and ETH_P_ALL in network order, which the Glibc module lacks.
  private static func openSocket() -> CInt {
    socket(17, CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), 0x0300)
  }

  /// Says whether this process may hear what passes; root that may not is to be told so.
  static var isAllowed: Bool {
    let descriptor = openSocket()
    guard descriptor >= 0 else { return geteuid() == 0 }
    close(descriptor)
    return true
  }

  private static func receive(
    _ descriptor: CInt,
    _ buffer: inout [UInt8],
    _ address: inout [UInt8]
  ) -> Int {
    var size = socklen_t(address.count)
    return buffer.withUnsafeMutableBytes { buffer in
      address.withUnsafeMutableBytes { address in
        recvfrom(
          descriptor,
          buffer.baseAddress,
          buffer.count,
          0,
          address.baseAddress?.assumingMemoryBound(to: sockaddr.self),
          &size
        )
      }
    }
  }
}

extension WireTap {
  /// What was heard of nodes at these ports, in order.
  func pieces(_ ports: UInt16...) -> [Piece] {
    state.withLock { state in
      state.pieces.filter { ports.contains($0.source) || ports.contains($0.target) }
    }
  }

  func datagrams(to port: UInt16) -> [[UInt8]] {
    pieces(port).filter { $0.isDatagram && $0.target == port }.map(\.bytes)
  }

  /// What was said on each stream that was opened to `port`, by the opener.
  func streams(to port: UInt16) -> [[UInt8]] {
    var streams: [(source: UInt16, segments: [UInt32: [UInt8]])] = []
    for piece in pieces(port) where !piece.isDatagram && piece.target == port {
      if let index = streams.firstIndex(where: { $0.source == piece.source }) {
        streams[index].segments[piece.sequence] = piece.bytes
      } else {
        streams.append((piece.source, [piece.sequence: piece.bytes]))
      }
    }
    return streams.map { stream in
      // A stream of a test is far shorter than what its numbers wrap around at.
      let first = stream.segments.keys.min { Int32(bitPattern: $0 &- $1) < 0 } ?? 0
      return stream.segments.sorted { $0.key &- first < $1.key &- first }.flatMap(\.value)
    }
  }
}

extension WireTap.Piece {
  /// Reads an Ethernet frame with IPv4 and a UDP or TCP payload; nil for others and empty ones.
  init?(frame: ArraySlice<UInt8>) {
    let bytes = Array(frame)
    guard bytes.count >= 42, bytes[12] == 8, bytes[13] == 0, bytes[14] >> 4 == 4 else { return nil }
    let transport = 14 + Int(bytes[14] & 15) * 4
    let end = min(bytes.count, 14 + Self.number(bytes, 16))
    let payload: Int
    switch bytes[23] {
    case 17: payload = transport + 8
    case 6 where bytes.count > transport + 12:
      payload = transport + Int(bytes[transport + 12] >> 4) * 4
    default: return nil
    }
    guard payload < end else { return nil }
    isDatagram = bytes[23] == 17
    source = UInt16(Self.number(bytes, transport))
    target = UInt16(Self.number(bytes, transport + 2))
    let isNumbered = bytes[23] == 6
    sequence =
      isNumbered
      ? UInt32(Self.number(bytes, transport + 4)) << 16 | UInt32(Self.number(bytes, transport + 6))
      : 0
    self.bytes = Array(bytes[payload..<end])
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> Int {
    Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
  }

  /// Says whether `text` stands anywhere in what was carried.
  func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, bytes.count >= wanted.count else { return false }
    return bytes.indices.dropLast(wanted.count - 1).contains { index in
      bytes[index] == first && bytes[index..<(index + wanted.count)].elementsEqual(wanted)
    }
  }
}

extension Trait where Self == ConditionTrait {
  /// Leaves a test out where nobody may hear what passes, and says so.
  static var hearsAll: Self {
    .enabled(if: WireTap.isAllowed, "packet sockets take CAP_NET_RAW, as root has it")
  }
}
