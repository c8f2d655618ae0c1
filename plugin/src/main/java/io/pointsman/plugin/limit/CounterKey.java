package io.pointsman.plugin.limit;

/**
 * What is counted together.
 *
 * @param limit the kind of limit
 * @param owner the model, or the kind of caller
 * @param name the profile, or the caller's id
 */
record CounterKey(Limit limit, String owner, String name) {
  /** The end of its Redis key. Lengths keep apart what slashes in names could mix up. */
  String text() {
    return limit.label() + "/" + owner.length() + "/" + owner + "/" + name;
  }
}
