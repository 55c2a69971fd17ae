#!/bin/bash -eu
# Builds the fuzz targets for OSS-Fuzz and ClusterFuzzLite: binaries, seeds, dictionary and options
# go to $OUT. $SANITIZER and the like are theirs; `.ci/run` calls this the same way.
cd "$(dirname "$0")/.."

: "${OUT:?the folder to build into}"
: "${SANITIZER:=address}"
case $SANITIZER in
  coverage) flags=(--sanitizer none) ;; # RUSTFLAGS say the rest.
  *) flags=(--sanitizer "$SANITIZER") ;;
esac

# The image's own nightly, where there is one.
toolchain=${RUSTUP_TOOLCHAIN:-nightly}
cargo "+$toolchain" fuzz build --release --debug-assertions "${flags[@]}"

triple=$(rustc "+$toolchain" -vV | sed -n 's/^host: //p')
mkdir -p "$OUT"
for path in fuzz/fuzz_targets/*.rs; do
  target=$(basename "$path" .rs)
  cp "fuzz/target/$triple/release/$target" "$OUT/"
  rm -f "$OUT/${target}_seed_corpus.zip"
  zip -qjr "$OUT/${target}_seed_corpus.zip" "corpus/$target" "corpus/regressions/$target" 2>/dev/null ||
    zip -qjr "$OUT/${target}_seed_corpus.zip" "corpus/$target"
  case $target in
    classic_*) words=classic ;;
    differential) words=differential ;;
    *) words=simple ;;
  esac
  cp "fuzz/$words.dict" "$OUT/$target.dict"
  printf '[libfuzzer]\nmax_len = 512\n' >"$OUT/$target.options"
done
