//! Personal names as they occur on the mainland: surnames and given names by frequency and gender.

use super::seeded_rng::{RngStream, SeededRng, scale};

/// Surnames with their share in 1/10,000 of the population; what is missing to 10,000 is spread evenly
/// over all of them.
const SURNAMES: &[(&str, u32)] = &[
    ("王", 718),
    ("李", 701),
    ("张", 674),
    ("刘", 517),
    ("陈", 453),
    ("杨", 309),
    ("黄", 222),
    ("赵", 207),
    ("吴", 200),
    ("周", 190),
    ("徐", 144),
    ("孙", 138),
    ("马", 129),
    ("朱", 126),
    ("胡", 116),
    ("郭", 115),
    ("何", 107),
    ("林", 106),
    ("高", 100),
    ("罗", 95),
    ("郑", 93),
    ("梁", 85),
    ("谢", 76),
    ("宋", 70),
    ("唐", 69),
    ("许", 66),
    ("邓", 62),
    ("韩", 61),
    ("冯", 61),
    ("曹", 60),
    ("彭", 59),
    ("曾", 58),
    ("肖", 56),
    ("田", 53),
    ("董", 51),
    ("潘", 50),
    ("袁", 50),
    ("蔡", 48),
    ("蒋", 48),
    ("余", 47),
    ("于", 45),
    ("杜", 45),
    ("叶", 44),
    ("程", 43),
    ("魏", 43),
    ("苏", 42),
    ("吕", 42),
    ("丁", 40),
    ("任", 38),
    ("卢", 38),
    ("姚", 37),
    ("沈", 36),
    ("钟", 35),
    ("姜", 34),
    ("崔", 33),
    ("谭", 33),
    ("陆", 32),
    ("范", 31),
    ("汪", 31),
    ("廖", 30),
    ("石", 30),
    ("金", 29),
    ("韦", 28),
    ("贾", 28),
    ("夏", 27),
    ("付", 26),
    ("方", 26),
    ("邹", 25),
    ("熊", 25),
    ("白", 24),
    ("孟", 23),
    ("秦", 23),
    ("邱", 22),
    ("侯", 22),
    ("江", 21),
    ("尹", 21),
    ("薛", 20),
    ("闫", 20),
    ("段", 19),
    ("雷", 19),
    ("龙", 18),
    ("黎", 18),
    ("史", 18),
    ("陶", 17),
    ("贺", 17),
    ("毛", 16),
    ("郝", 16),
    ("顾", 16),
    ("龚", 15),
    ("邵", 15),
    ("万", 15),
    ("覃", 14),
    ("武", 14),
    ("钱", 14),
    ("戴", 13),
    ("严", 13),
    ("莫", 13),
    ("孔", 12),
    ("向", 12),
    ("常", 12),
    ("欧阳", 6),
    ("上官", 2),
    ("司马", 2),
    ("诸葛", 1),
    ("皇甫", 1),
    ("慕容", 1),
];

/// Characters of men's given names, the frequent ones first.
const MEN: &str = "伟强军勇杰磊涛明超刚平辉鹏飞斌波宇浩凯健俊鑫峰帆旭阳华亮建国志文海龙林东成庆永\
    宏立新春生德光荣世学义兴良家瑞博轩子泽睿晨翔昊天佑铭坤振邦启航少彬毅诚嘉晓松柏炜煜焱森淼堃喆昇彧";

/// Characters of women's given names, the frequent ones first.
const WOMEN: &str = "芳娜敏静丽艳娟霞燕玲红梅秀英兰玉桂萍莉婷雪慧琳颖倩洁晶莹琴云淑珍凤春香美华\
    小晓佳欣怡悦萱涵梦瑶诗雅思雨嘉琪子若曦彤菲蕾薇璐媛妍婧姗蓉芸珊珺玥";

/// Names that need more than GB 2312: traditional characters, among them 東, whose second GBK byte is
/// the one of `|`.
const TRADITIONAL: &[&str] =
    &["陳志東", "林東明", "黃國華", "張偉東", "吳麗華", "鄭東昇", "劉東", "許東陽"];

/// Names of the Uyghur form: the own name of men and of women, then, after a dot, the father's name.
const UYGHUR_MEN: &[&str] = &[
    "阿卜杜拉",
    "买买提",
    "艾合买提",
    "吐尔逊",
    "玉素甫",
    "艾力",
    "阿迪力",
    "凯赛尔",
    "库尔班",
    "热合曼",
];
const UYGHUR_WOMEN: &[&str] =
    &["古丽娜尔", "阿依古丽", "热依拉", "米日古丽", "帕提古丽", "迪丽努尔", "阿米娜", "祖丽皮亚"];

/// Names with a character that GB 18030 writes with four bytes and GBK cannot write.
const FOUR_BYTE: &[&str] = &["王𬍛", "李㛃", "刘𬍛飞"];

/// Gender as delivered: 1 男, 2 女, 3 未知.
pub(super) type Gender = u8;

/// Makes names. Holds the tables in the form that drawing needs.
#[derive(Debug)]
pub(super) struct Names {
    /// Upper bounds of the surnames' shares.
    bounds: Vec<u32>,
    men: Vec<char>,
    women: Vec<char>,
    four_byte: bool,
}

impl Names {
    /// `four_byte`: whether the file's encoding can write all of Unicode.
    pub(super) fn new(four_byte: bool) -> Names {
        let known: u32 = SURNAMES.iter().map(|(_, share)| share).sum();
        let rest = 10_000_u32.saturating_sub(known) / SURNAMES.len() as u32;
        let mut bounds = Vec::with_capacity(SURNAMES.len());
        let mut sum = 0;
        for (_, share) in SURNAMES {
            sum += share + rest;
            bounds.push(sum);
        }
        Names { bounds, men: MEN.chars().collect(), women: WOMEN.chars().collect(), four_byte }
    }

    /// Writes the name of a person to `out` and returns the gender.
    pub(super) fn write(
        &self,
        rng: &SeededRng,
        of: RngStream,
        person: u64,
        out: &mut String,
    ) -> Gender {
        let bits = rng.bits(of, person);
        let (kind, rest) = (bits % 10_000, bits / 10_000);
        let gender = match bits % 101 {
            0 => 3,
            1..=43 => 1,
            _ => 2,
        };
        match kind {
            0..=19 => out.push_str(TRADITIONAL[rest as usize % TRADITIONAL.len()]),
            20..=49 => {
                let own = if gender == 1 { UYGHUR_MEN } else { UYGHUR_WOMEN };
                out.push_str(own[scale(rest << 20, own.len())]);
                out.push('·');
                out.push_str(UYGHUR_MEN[rest as usize % UYGHUR_MEN.len()]);
            }
            50..=54 if self.four_byte => out.push_str(FOUR_BYTE[rest as usize % FOUR_BYTE.len()]),
            _ => self.write_common(rng, of, person, gender, out),
        }
        gender
    }

    fn write_common(
        &self,
        rng: &SeededRng,
        of: RngStream,
        person: u64,
        gender: Gender,
        out: &mut String,
    ) {
        // A second draw, kept apart from the first by the top bit of the index.
        let bits = rng.bits(of, person | 1 << 63);
        let total = self.bounds.last().copied().unwrap_or(1);
        let draw = (bits % u64::from(total)) as u32;
        let surname = self.bounds.partition_point(|bound| *bound <= draw);
        out.push_str(SURNAMES[surname].0);
        let pool = if gender == 1 { &self.men } else { &self.women };
        // The square of an even draw favours the front of the list, where the frequent ones stand.
        let pick = |bits: u64| {
            let first = scale(bits, pool.len());
            pool[first * scale(bits << 16, pool.len()) / pool.len()]
        };
        let given = bits.rotate_left(29) ^ bits >> 7;
        out.push(pick(given));
        if given % 100 < 78 {
            out.push(pick(given.rotate_left(32)));
        }
    }
}
