//! Makes sure that there is a console to embed: without a built one, a page that says how to build it.

use std::path::Path;

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"ko\">
<meta charset=\"utf-8\">
<title>주유 본사</title>
<h1>콘솔이 아직 빌드되지 않았습니다 · The console is not built yet</h1>
<p>이 hq-server는 콘솔 없이 빌드되었습니다. This hq-server was built without its console.</p>
<p><code>cd hq-server/console &amp;&amp; npm ci &amp;&amp; npm run build</code>, <code>cargo build -p hq-server</code></p>
</html>
";

fn main() -> std::io::Result<()> {
    let dist = Path::new("console/dist");
    let index = dist.join("index.html");
    if !index.exists() {
        std::fs::create_dir_all(dist)?;
        std::fs::write(&index, NOT_BUILT)?;
    }
    println!("cargo::rerun-if-changed=console/dist");
    Ok(())
}
