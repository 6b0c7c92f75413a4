"""What scripts that kill a service have in common: their options, and what is left of a failure."""
import argparse
import os
import shutil
import sys
import tempfile

import bus


def options(doc, kills):
    parser = argparse.ArgumentParser(description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="a build directory")
    parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--points", action="store_true", help="named points; needs TOCSIN_PLANT")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--keep", action="store_true", help="keep the data of a good run, too")
    return parser


def main(parser, script, test, also=()):
    """Runs test(args, directory). `also` are the options that a repetition needs besides."""
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    bus.use_build(args.build)
    directory = tempfile.mkdtemp(prefix="tocsin-crash-")
    print(f"seed={args.seed} data={directory}", flush=True)
    try:
        test(args, directory)
    except Exception as error:  # whatever it is, the data stays and the repetition is told
        words = ["--points"] if args.points else []
        words += [f"--{name} {getattr(args, name)}" for name in ("kills", "seed", *also)]
        print(f"FAILED: {type(error).__name__}: {error}\ndata kept in {directory}\nrepeat: "
              f"/usr/bin/python3 {os.path.relpath(script)} --build {os.path.relpath(args.build)} "
              f"{' '.join(words)}", flush=True)
        sys.exit(1)
    if not args.keep:
        shutil.rmtree(directory)
