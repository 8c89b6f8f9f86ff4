internal import GrapevineCore

/// Keys with values of random bytes, each drawn anew from the seed when it is asked for.
///
/// Nothing is kept, so that the memory measured is the cluster's.
struct SyncPayload {
  private let base: UInt64
  private let keyCount: Int
  private let valueSize: Int
  private let bigValueSize: Int?

  init(_ options: Options, run: Int) {
    var random = Xoshiro256(seed: options.seed &+ UInt64(run))
    base = random.next()
    keyCount = options.keyCount
    valueSize = options.valueSize
    bigValueSize = options.bigValueSize
  }

  func key(_ index: Int) -> String { "key-\(index)" }

  func value(_ index: Int) -> [UInt8] {
    // The large value stands in the middle: there are values before and behind it.
    let size = index == keyCount / 2 ? bigValueSize ?? valueSize : valueSize
    var random = Xoshiro256(seed: base &+ UInt64(index))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    while bytes.count < size {
      let word = random.next()
      for shift in 0..<min(8, size - bytes.count) {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift)))
      }
    }
    return bytes
  }

  /// The bytes of all keys and values.
  var size: Int {
    let keys = (0..<keyCount).reduce(0) { $0 + key($1).utf8.count }
    return keys + (keyCount - 1) * valueSize + (bigValueSize ?? valueSize)
  }

  /// Sets all keys, in batches.
  func write(to node: Int, of cluster: any Cluster) throws(EvaluationError) {
    for start in stride(from: 0, to: keyCount, by: 1_000) {
      let batch = (start..<min(keyCount, start + 1_000)).map { index in
        Change.set(key: key(index), value: value(index))
      }
      try cluster.update(node, batch)
    }
  }

  /// The first key that `node` does not hold as it was written; nil if it holds all.
  func firstDifference(of name: String, at node: Int, in cluster: any Cluster) -> String? {
    (0..<keyCount).lazy.map { key($0) }.enumerated().first { index, key in
      cluster.entry(key, of: name, at: node)?.value != value(index)
    }?.element
  }
}
