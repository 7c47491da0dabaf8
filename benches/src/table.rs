//! Markdown tables: contenders down, loads across.

use crate::loads::Load;

const NAME: usize = 34;
const CELL: usize = 20;

pub(crate) fn head() {
    row("", &Load::ALL.map(|load| load.label().to_owned()));
    println!("|{:-<NAME$}--|{}", "", format!("{:->CELL$}-:|", "").repeat(4));
}

pub(crate) fn row(name: &str, cells: &[String; 4]) {
    print!("| {name:NAME$} |");
    for cell in cells {
        print!(" {cell:>CELL$} |");
    }
    println!();
}
