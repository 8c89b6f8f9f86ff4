/// Tokens in ascending order, each with the index of its owner.
///
/// A directory by the tokens' first bits leads to the few that may be looked for, as tokens are
/// spread evenly.
struct TokenTable: Sendable {
  private(set) var tokens: [UInt64] = []
  private(set) var owners: [UInt32] = []
  /// By the first bits of a token, where those with these bits begin; one more at the end.
  private var directory: [UInt32] = [0, 0, 0]
  private var shift: UInt64 = 63

  /// Sorts tokens; of equal ones the lower owner comes first.
  ///
  /// `owners` is in ascending order.
  ///
  /// - Complexity: O(number of tokens), if they are spread evenly.
  init(unsorted: [UInt64], owners unsortedOwners: [UInt32]) {
    precondition(unsorted.count == unsortedOwners.count, "a token without an owner")
    guard !unsorted.isEmpty else { return }
    let bits = UInt64(max(1, Int.bitWidth - (unsorted.count - 1).leadingZeroBitCount))
    shift = 64 - bits
    var starts = [UInt32](repeating: 0, count: 1 << Int(bits) + 1)
    for token in unsorted { starts[Int(token >> shift) + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    directory = starts
    var placed = [UInt64](repeating: 0, count: unsorted.count)
    var placedOwners = [UInt32](repeating: 0, count: unsorted.count)
    for index in unsorted.indices {
      let bucket = Int(unsorted[index] >> shift)
      let place = Int(starts[bucket])
      starts[bucket] += 1
      placed[place] = unsorted[index]
      placedOwners[place] = unsortedOwners[index]
    }
    tokens = placed
    owners = placedOwners
    sortBuckets()
  }

  var count: Int { tokens.count }

  /// The bytes of the arrays.
  var memorySize: Int { 8 * tokens.count + 4 * owners.count + 4 * directory.count }

  private mutating func sortBuckets() {
    for bucket in 0..<directory.count - 1 {
      let start = Int(directory[bucket])
      let end = Int(directory[bucket + 1])
      guard end - start > 1 else { continue }
      guard end - start <= 32 else {
        // Names can be chosen so that their tokens lie close together.
        sortLargeBucket(start..<end)
        continue
      }
      for index in start + 1..<end {
        let (token, owner) = (tokens[index], owners[index])
        var place = index
        while place > start, tokens[place - 1] > token {
          tokens[place] = tokens[place - 1]
          owners[place] = owners[place - 1]
          place -= 1
        }
        tokens[place] = token
        owners[place] = owner
      }
    }
  }

  private mutating func sortLargeBucket(_ range: Range<Int>) {
    let sorted = zip(tokens[range], owners[range]).sorted { $0 < $1 }
    for (index, (token, owner)) in zip(range, sorted) {
      tokens[index] = token
      owners[index] = owner
    }
  }

  /// The index of the first token at or above `key`; the number of tokens if there is none.
  ///
  /// - Complexity: O(1) if tokens are spread evenly, O(log(tokens)) else.
  func firstIndex(from key: UInt64) -> Int {
    let bucket = Int(key >> shift)
    var lower = Int(directory[bucket])
    var upper = Int(directory[bucket + 1])
    while upper - lower > 8 {
      let middle = (lower + upper) / 2
      if tokens[middle] < key { lower = middle + 1 } else { upper = middle }
    }
    while lower < upper, tokens[lower] < key { lower += 1 }
    return lower
  }
}
