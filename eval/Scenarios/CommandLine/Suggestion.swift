/// Finds what a mistyped word was meant to be.
package enum Suggestion {
  /// The candidate that takes the fewest single changes to reach; nil if that is more than two.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    let ranked = candidates.map { (name: $0, distance: distance(word, $0)) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= 2 else {
      return candidates.first { word.count >= 4 && $0.hasPrefix(word) }
    }
    return best.name
  }

  /// What to add to an error about `word`: the nearest candidate as a question, or nothing.
  static func hint(_ word: String, among candidates: [String]) -> String {
    nearest(to: word, among: candidates).map { " (did you mean \($0)?)" } ?? ""
  }

  /// The number of letters to insert, delete or replace to make one word of the other
  /// (Levenshtein).
  package static func distance(_ first: String, _ second: String) -> Int {
    let goal = Array(second.utf8)
    var row = Array(0...goal.count)
    for (index, letter) in first.utf8.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in goal.indices {
        let replaced = diagonal + (goal[column] == letter ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
      }
    }
    return row[goal.count]
  }
}
