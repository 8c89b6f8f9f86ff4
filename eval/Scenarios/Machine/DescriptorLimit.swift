internal import Glibc

/// How many files this process may have open.
enum DescriptorLimit {
  /// Raises the limit as far as is needed.
  ///
  /// - Throws: ``EvaluationError`` with the limit that the system sets, if that is lower.
  static func require(_ count: Int) throws(EvaluationError) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < rlim_t(count)
    else { return }
    guard limit.rlim_max >= rlim_t(count) else {
      throw EvaluationError(
        "this takes up to \(count) open files, and the system allows \(limit.rlim_max): "
          + "fewer --nodes are needed, or a higher limit (ulimit -n)"
      )
    }
    limit.rlim_cur = rlim_t(count)
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
