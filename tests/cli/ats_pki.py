"""ats_pki.py - authorities and certificates of every kind that App Transport
Security has an opinion about, made by openssl."""

import os
import subprocess

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
RSA = ["-newkey", "rsa:2048"]


def curve(name):
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + name]


class Authority:
    def __init__(self, folder, label):
        self.folder, self.label = folder, label
        self.certificate, self.key = self.path("crt"), self.path("key")

    def path(self, kind):
        return os.path.join(self.folder, "%s.%s" % (self.label, kind))


class Pki:
    """A root, and what it or an intermediate issues, in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.root = self.make_root("root", RSA)

    def openssl(self, *args):
        done = subprocess.run(
            ["openssl", *args], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
        )
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (" ".join(args), done.stderr.decode()))

    def make_root(self, label, key):
        a = Authority(self.folder, label)
        self.openssl("req", "-x509", *key, "-nodes", "-days", "3650", "-subj", "/CN=" + label, "-keyout", a.key,
                     "-out", a.certificate)
        return a

    def issue(self, label, key, extensions, signer, days="90", digest="sha256", dates=None):
        a = Authority(self.folder, label)
        self.openssl("req", "-new", *key, "-nodes", "-subj", "/CN=" + label, "-keyout", a.key, "-out", a.path("csr"))
        with open(a.path("cnf"), "w") as f:
            f.write("\n".join(extensions) + "\n")
        if dates:  # `openssl ca` is the one that takes a beginning
            self.issue_with_dates(a, signer, dates)
            return a
        how_hashed = ["-" + digest] if digest else []  # EdDSA has its own
        how = ["-signkey", a.key] if signer is None else ["-CA", signer.certificate, "-CAkey", signer.key, "-CAcreateserial"]
        self.openssl("x509", "-req", "-in", a.path("csr"), *how, *how_hashed, "-days", days, "-extfile", a.path("cnf"),
                     "-out", a.certificate)
        return a

    def issue_with_dates(self, a, signer, dates):
        config = a.path("ca.cnf")
        with open(config, "w") as f:
            f.write(
                "[ca]\ndefault_ca=d\n[d]\ndatabase=%s.db\nserial=%s.serial\nnew_certs_dir=%s\ndefault_md=sha256\n"
                "policy=p\n[p]\ncommonName=supplied\n" % (config, config, self.folder)
            )
        with open(config + ".db", "w"), open(config + ".serial", "w") as f:
            f.write("1000\n")
        self.openssl("ca", "-batch", "-config", config, "-in", a.path("csr"), "-cert", signer.certificate, "-keyfile", signer.key,
                     "-startdate", dates[0], "-enddate", dates[1], "-extfile", a.path("cnf"), "-out", a.certificate, "-notext")

    def intermediate(self, label, key=RSA, digest="sha256"):
        return self.issue(label, key, ["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"], self.root, "3000", digest)

    def leaf(self, label, key=EC, name="www.example.test", signer=0, **more):
        return self.issue(label, key, ["subjectAltName=DNS:" + name], self.root if signer == 0 else signer, **more)
