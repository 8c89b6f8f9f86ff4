import GrapevineCore
import GrapevineHashing

/// Who there is in the fuzzer's world: members, their addresses, and those who only claim to be.
struct Cast {
  static let label = PacketHeader.hash(label: nil)
  static let names = ["a", "b", "c", "d", "e \u{E9}", "f"]

  /// The addresses of the members in order, and behind them of strangers.
  static let endpoints: [Endpoint] = (0..<8).map { index in
    index < 7
      ? Endpoint(ipv4: 0x0A00_0001 + UInt32(index), port: 7_000)
      : Endpoint(ipv6: 0xFD00 << 48, 1, port: 7_000)
  }

  static let generation: UInt64 = 5

  static func id(_ index: Int, generation: UInt64 = Self.generation) -> MemberID {
    MemberID(name: names[index % names.count], generation: generation)
  }

  /// A name's bytes, which need not be UTF-8, and a generation.
  struct Identity {
    var name: [UInt8]
    var generation: UInt64

    init(_ id: MemberID) {
      name = Array(id.name.utf8)
      generation = id.generation
    }

    init(name: [UInt8], generation: UInt64) {
      self.name = name
      self.generation = generation
    }

    var key: MemberKey {
      var bytes = name
      bytes.appendFixed(generation, size: 8)
      return MemberKey(rawValue: XXH64.hash(bytes))
    }

    func write(to bytes: inout [UInt8]) {
      bytes.append(UInt8(truncatingIfNeeded: name.count))
      bytes += name
      bytes.appendVarint(generation)
    }
  }

  /// An identity that has the key of another one.
  ///
  /// XXH64 is no cryptographic hash: behind a name of eight bytes each key has its generation.
  static func impostor(of key: MemberKey, letter: UInt8) -> Identity {
    let name = Array("twin of ".utf8.dropLast()) + [letter]
    return Identity(name: name, generation: XXH64Inversion.last(of: key.rawValue, behind: name))
  }
}

/// XXH64 of 16 bytes, turned back.
enum XXH64Inversion {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  /// The eight bytes, as a little-endian number, that make `hash` behind eight others.
  static func last(of hash: UInt64, behind first: [UInt8]) -> UInt64 {
    let word = first.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let lane = rotate(word &* prime2, 31) &* prime1
    let before = rotate((prime5 &+ 16) ^ lane, 27) &* prime1 &+ prime4
    var state = hash
    state ^= state >> 32
    state = state &* inverse(prime3)
    state = state ^ state >> 29 ^ state >> 58
    state = state &* inverse(prime2)
    state ^= state >> 33
    let mixed = rotate((state &- prime4) &* inverse(prime1), 64 - 27)
    return rotate((mixed ^ before) &* inverse(prime1), 64 - 31) &* inverse(prime2)
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }

  /// What an odd number is to be multiplied with to give one (Newton).
  private static func inverse(_ number: UInt64) -> UInt64 {
    var result = number
    for _ in 0..<6 { result = result &* (2 &- number &* result) }
    return result
  }
}
