extension Duration {
  /// The time, or a century if it is longer: more than that can't be slept.
  var sleepable: Duration { min(self, .seconds(100 * 365 * 86_400)) }
}
