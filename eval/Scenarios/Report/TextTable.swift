/// A table for people: the first column aligned left, the others right, unless they are words.
package struct TextTable: Sendable {
  private var rows: [[String]]
  private let alignsLeft: Bool

  package init(header: [String], alignsLeft: Bool = false) {
    rows = [header]
    self.alignsLeft = alignsLeft
  }

  package mutating func add(_ row: [String]) {
    precondition(row.count == rows[0].count, "a row of \(row.count) cells in \(rows[0].count)")
    rows.append(row)
  }

  /// The table's lines, without blanks at their ends.
  package var lines: [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        column == 0 || alignsLeft
          ? TextLayout.padded(cell.0, to: cell.1)
          : String(repeating: " ", count: cell.1 - cell.0.count) + cell.0
      }
      let line = cells.joined(separator: "   ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

extension TextTable {
  /// A table of times, one row per quantity, in milliseconds.
  package static func times(_ rows: [(name: String, percentiles: Percentiles?)]) -> TextTable {
    var table = TextTable(header: ["ms", "p50", "p95", "p99", "max"])
    for row in rows {
      let cells = row.percentiles.map { [$0.p50, $0.p95, $0.p99, $0.max] }
      table.add([row.name] + (cells?.map(NumberText.milliseconds) ?? ["-", "-", "-", "-"]))
    }
    return table
  }
}
