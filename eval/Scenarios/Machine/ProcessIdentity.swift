internal import Glibc

/// What the system calls this process and its host.
enum ProcessIdentity {
  static var number: Int { Int(getpid()) }

  /// The host's name; `node` where it has none.
  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "node" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    // Room is left for what is put behind it.
    let name = String(decoding: bytes.prefix(200), as: UTF8.self)
    return name.isEmpty ? "node" : name
  }
}
